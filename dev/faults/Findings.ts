/** What a check has found wrong. */

/** Sentences that are kept of each kind: the first ones say enough. */
const most = 20
/** Characters: a record can be long. */
const longest = 300

export interface Findings {
  readonly loss: (text: string) => void
  readonly duplicate: (text: string) => void
  readonly difference: (text: string) => void
  readonly counts: () => {
    readonly losses: number
    readonly duplicates: number
    readonly differences: number
  }
  readonly sentences: () => ReadonlyArray<string>
}

export const makeFindings = (): Findings => {
  const counts = { losses: 0, duplicates: 0, differences: 0 }
  const all: Record<keyof typeof counts, Array<string>> = {
    losses: [],
    duplicates: [],
    differences: []
  }
  const add = (kind: keyof typeof counts) => (text: string): void => {
    counts[kind]++
    if (all[kind].length < most) all[kind].push(text.slice(0, longest))
  }
  return {
    loss: add("losses"),
    duplicate: add("duplicates"),
    difference: add("differences"),
    counts: () => counts,
    sentences: () => [...all.losses, ...all.duplicates, ...all.differences]
  }
}
