/** What the programs were put through, and what they may not have done: collected during a run. */

/** After the end of a fault its consequences go on for so long: requests that time out, sessions. */
const echoMs = 90_000

export interface Trouble {
  readonly begins: (what: string) => void
  readonly ends: () => void
  /** Whether a program may give up now because something is or was wrong around it. */
  readonly excuses: () => boolean
  readonly counts: () => ReadonlyMap<string, number>
  /** How often each thing was said by a program that gave up and was started again. */
  readonly gaveUp: (text: string) => void
  readonly resignations: () => ReadonlyMap<string, number>
  /** What must not be. */
  readonly problem: (text: string) => void
  readonly problems: () => ReadonlyArray<string>
}

/** Ports, keys and paths differ each time: without them the same complaint is the same text. */
const plain = (text: string): string =>
  text.replace(/(127\.0\.0\.1|localhost):\d+/g, "$1").replace(/ \S*\/\S+/g, " …")

const count = (counts: Map<string, number>, what: string): void =>
  void counts.set(what, (counts.get(what) ?? 0) + 1)

export const makeTrouble = (): Trouble => {
  const counts = new Map<string, number>()
  const resignations = new Map<string, number>()
  const problems: Array<string> = []
  let active = 0
  let last = -Infinity
  return {
    begins: (what) => {
      active++
      count(counts, what)
    },
    ends: () => {
      active--
      last = performance.now()
    },
    excuses: () => active > 0 || performance.now() - last < echoMs,
    counts: () => counts,
    gaveUp: (text) => count(resignations, plain(text)),
    resignations: () => resignations,
    problem: (text) => void problems.push(text),
    problems: () => problems
  }
}
