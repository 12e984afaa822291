/**
 * What the owner of a plan partition knows of it: which files are read from the plan and not yet
 * restored, by target partition, and how far the plan may be committed.
 */
import type { PlannedFile } from "../../src/domain/Plan.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { Origin } from "./Origin.ts"
import type { RestoreFailure } from "./Outcome.ts"
import type { Covered } from "./PlanOrder.ts"

export interface PlanEntry {
  /** Offset of the plan record. */
  readonly offset: bigint
  /** What to restore, or what is wrong with the record. */
  readonly content: PlannedFile | { readonly problem: string }
}

/** Where the producer of a target partition is. */
export interface TargetPosition {
  /** Of the takeover that the sequence belongs to. */
  generation: number
  /** Of the next record under that takeover. */
  sequence: number
  /** The target offset that the next acknowledged record must have. */
  expected: bigint
  /** Offset in the source of the last record that the target is known to hold; -1 for none. */
  lastSourceOffset: bigint
}

export interface Target {
  readonly source: TopicPartition
  readonly partition: TopicPartition
  /** Read from the plan and not finished, in plan order. */
  readonly unfinished: Array<PlanEntry>
  /** So many of them, from the first on, are being worked on. */
  taken: number
  running: boolean
  /** Highest index in this run of an entry taken, and of one finished; 0 for none. */
  lastIndex: number
  finishedIndex: number
  /** By files read since the last start of its work. */
  covered: Covered | undefined
  position: TargetPosition | undefined
  /** Key of the file that the target begins with, as far as this run has seen. */
  begun: string | undefined
  /** Whether what the target holds is from that file's archive. */
  origin: Origin | undefined
  /** Batches of unknown fate may still arrive: take over before looking at the target. */
  mustRenew: boolean
  failure: RestoreFailure | undefined
  /** Failures or restarts without a file finished between them. */
  attempts: number
  /** From this plan offset on, the target's entries are not in `unfinished`: to be read again. */
  behind: bigint | undefined
}

const newTarget = (source: TopicPartition, topic: string): Target => ({
  source,
  partition: { topic, partition: source.partition },
  unfinished: [],
  taken: 0,
  running: false,
  lastIndex: 0,
  finishedIndex: 0,
  covered: undefined,
  position: undefined,
  begun: undefined,
  origin: undefined,
  mustRenew: false,
  failure: undefined,
  attempts: 0,
  behind: undefined
})

/** While the question is open. */
export const openOrigin = ({ origin }: Target): Origin | undefined =>
  origin === undefined || origin.answered ? undefined : origin

/** The plan offset from which on a target is not finished. */
const unfinishedFrom = (target: Target): bigint | undefined =>
  openOrigin(target)?.from ?? target.unfinished[0]?.offset ?? target.behind

/** As if nothing were known of it: a new try looks at it, and begins with its first file. */
const forget = (target: Target, from: bigint): void => {
  target.behind = from
  target.finishedIndex = 0
  target.begun = undefined
  target.origin = undefined
  if (target.position !== undefined && target.position.sequence > 0) target.mustRenew = true
  target.position = undefined
}

export class PlanState {
  readonly #targetTopic: (source: string) => string
  readonly #targets = new Map<string, Target>()
  readonly #unusable: Array<bigint> = []
  #pending = 0
  /** Where the plan is read next. */
  position: bigint

  constructor(targetTopic: (source: string) => string, position: bigint) {
    this.#targetTopic = targetTopic
    this.position = position
  }

  /** Entries in memory. */
  get pending(): number {
    return this.#pending
  }

  get targets(): Iterable<Target> {
    return this.#targets.values()
  }

  target(source: TopicPartition): Target {
    const name = topicPartitionName(source)
    const found = this.#targets.get(name)
    if (found !== undefined) return found
    const made = newTarget(source, this.#targetTopic(source.topic))
    this.#targets.set(name, made)
    return made
  }

  add(target: Target, entry: PlanEntry): void {
    target.unfinished.push(entry)
    this.#pending++
  }

  /** A plan record that names no partition: the plan is never committed past it. */
  addUnusable(offset: bigint): void {
    this.#unusable.push(offset)
  }

  /** Whether a record that names no partition lies in front of this plan offset. */
  isAfterUnusable(offset: bigint): boolean {
    return this.#unusable.some((unusable) => unusable < offset)
  }

  /** The first entry that is being worked on is done. */
  finish(target: Target): void {
    target.unfinished.shift()
    target.taken--
    if (openOrigin(target) === undefined) target.attempts = 0
    this.#pending--
  }

  /** Nothing more for this target until it is read again from its first unfinished entry on. */
  fail(target: Target, failure: RestoreFailure): void {
    target.failure = failure
    target.attempts++
    target.behind = target.unfinished[0]?.offset ?? target.behind ?? this.position
    this.#pending -= target.unfinished.length
    target.unfinished.length = 0
    const origin = openOrigin(target)
    if (origin !== undefined) forget(target, origin.from)
    this.restart(target)
  }

  /** A new try: its entries are read again from the first unfinished one on. */
  retry(target: Target): void {
    target.failure = undefined
  }

  /** Its entries are to be worked on again from the first unfinished one on. */
  restart(target: Target): void {
    target.taken = 0
    target.lastIndex = target.finishedIndex
    target.covered = undefined
  }

  /** The entry that the target works on next. */
  next(target: Target): PlanEntry | undefined {
    return target.unfinished[target.taken]
  }

  /** The files that come after the one being worked on, so many of them at most. */
  upcoming({ taken, unfinished }: Target, count: number): ReadonlyArray<PlannedFile> {
    return unfinished.slice(taken, taken + count)
      .flatMap(({ content }) => "problem" in content ? [] : [content])
  }

  /** Of the targets that wait for somebody to work on them, the one that the plan names first. */
  firstWaiting(): Target | undefined {
    let first: Target | undefined
    let lowest: bigint | undefined
    for (const target of this.#targets.values()) {
      const offset = target.unfinished[0]?.offset
      if (offset === undefined || target.running || target.failure !== undefined) continue
      if (lowest === undefined || offset < lowest) {
        lowest = offset
        first = target
      }
    }
    return first
  }

  /** The targets whose plan, read to its end, has left open whether they are from its archive. */
  unanswered(): ReadonlyArray<{ readonly target: Target; readonly origin: Origin }> {
    return [...this.#targets.values()].flatMap((target) => {
      const origin = openOrigin(target)
      const isIdle = target.unfinished.length === 0 && !target.running &&
        target.failure === undefined && target.behind === undefined
      return origin !== undefined && isIdle ? [{ target, origin }] : []
    })
  }

  /** The plan offset up to which everything is finished. */
  commitPosition(): bigint {
    let lowest = this.position
    for (const target of this.#targets.values()) {
      const offset = unfinishedFrom(target)
      if (offset !== undefined && offset < lowest) lowest = offset
    }
    for (const offset of this.#unusable) if (offset < lowest) lowest = offset
    return lowest
  }

  /** Whether all before the plan offset is finished, or stopped by a failure. */
  isWorkedOff(end: bigint): boolean {
    if (this.position < end) return false
    for (const target of this.#targets.values()) {
      const offset = unfinishedFrom(target)
      if (target.failure === undefined && offset !== undefined && offset < end) return false
    }
    return true
  }
}
