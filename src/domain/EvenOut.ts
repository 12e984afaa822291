/** Hands out items to members as evenly as eligibility allows, moving as few as possible. */

export interface Placeable {
  /** Indexes of the members that may have it. */
  readonly eligible: ReadonlyArray<number>
  /** Who has it now and keeps it unless evenness demands otherwise. */
  readonly owner: number | undefined
}

/** Items of one set of eligible members; `loose` ones move at no cost, `kept` ones are owned. */
interface Kind {
  readonly eligible: ReadonlyArray<number>
  readonly loose: ReadonlyArray<Array<number>>
  readonly kept: ReadonlyArray<Array<number>>
}

interface Step {
  readonly from: number
  readonly to: number
  readonly kind: Kind
}

class Distribution {
  readonly load: Array<number>
  readonly holder: Array<number | undefined>
  readonly #kinds = new Map<string, Kind>()

  constructor(memberCount: number, items: ReadonlyArray<Placeable>) {
    this.load = Array.from({ length: memberCount }, () => 0)
    this.holder = items.map((item) => item.owner)
    const ownerless: Array<{ item: number; kind: Kind }> = []
    items.forEach(({ eligible, owner }, item) => {
      const name = eligible.join()
      const kind = this.#kinds.get(name) ?? {
        eligible,
        loose: this.load.map((): Array<number> => []),
        kept: this.load.map((): Array<number> => [])
      }
      this.#kinds.set(name, kind)
      if (owner === undefined) ownerless.push({ item, kind })
      else {
        kind.kept[owner]?.push(item)
        this.#add(owner, 1)
      }
    })
    for (const { item, kind } of ownerless) {
      const least = this.#least(kind.eligible)
      if (least === undefined) continue
      this.holder[item] = least
      kind.loose[least]?.push(item)
      this.#add(least, 1)
    }
  }

  #add(member: number, count: number): void {
    this.load[member] = this.loadOf(member) + count
  }

  loadOf(member: number): number {
    return this.load[member] ?? 0
  }

  #least(members: ReadonlyArray<number>): number | undefined {
    let least: number | undefined
    for (const member of members) {
      if (least === undefined || this.loadOf(member) < this.loadOf(least)) least = member
    }
    return least
  }

  /**
   * Breadth first from `source` over "could hand one over to": the shortest way to a member that is
   * better off with one more by two, among equally short ones to the least loaded.
   */
  #wayDown(source: number, mayMoveKept: boolean): Array<Step> {
    const reached = new Map<number, Step | undefined>([[source, undefined]])
    let ring = [source]
    while (ring.length > 0) {
      const next: Array<number> = []
      for (const from of ring) {
        for (const kind of this.#kinds.values()) {
          const loose = kind.loose[from]?.length ?? 0
          const kept = kind.kept[from]?.length ?? 0
          if (loose === 0 && (!mayMoveKept || kept === 0)) continue
          for (const to of kind.eligible) {
            if (reached.has(to)) continue
            reached.set(to, { from, to, kind })
            next.push(to)
          }
        }
      }
      const target = this.#least(next)
      if (target !== undefined && this.loadOf(target) <= this.loadOf(source) - 2) {
        const way: Array<Step> = []
        for (let step = reached.get(target); step !== undefined; step = reached.get(step.from)) {
          way.push(step)
        }
        return way
      }
      ring = next
    }
    return []
  }

  #move({ from, kind, to }: Step): void {
    const item = kind.loose[from]?.pop() ?? kind.kept[from]?.pop()
    if (item === undefined) return
    this.holder[item] = to
    kind.loose[to]?.push(item)
    this.#add(from, -1)
    this.#add(to, 1)
  }

  /** One improvement, if there is one: with none left the loads are as even as they can be. */
  improve(mayMoveKept: boolean): boolean {
    const heaviestFirst = this.load.map((_, member) => member).sort((a, b) =>
      this.loadOf(b) - this.loadOf(a) || a - b
    )
    for (const source of heaviestFirst) {
      const way = this.#wayDown(source, mayMoveKept)
      for (const step of way) this.#move(step)
      if (way.length > 0) return true
    }
    return false
  }
}

/**
 * The member of each item; undefined where nobody is eligible. No chain of hand-overs could lower
 * the sum of the squared loads. Ownerless items are settled first, so that a second call on the
 * outcome of the first, some items still waiting for a member, moves nothing more.
 */
export const evenOut = (
  memberCount: number,
  items: ReadonlyArray<Placeable>
): ReadonlyArray<number | undefined> => {
  const distribution = new Distribution(memberCount, items)
  for (const mayMoveKept of [false, true]) {
    let improved = true
    while (improved) improved = distribution.improve(mayMoveKept)
  }
  return distribution.holder
}
