/**
 * The other members of a consumer group that work in the same process. With `once` they end
 * together: one that left alone would hand its partitions to those that are still at work.
 */
import type { Effect } from "effect"
import { Context } from "effect"

/** How far a member is. */
export interface Standing {
  /**
   * The group's generation in which it has nothing left to do; `null`: it is at work. Members that
   * are idle in one generation have left nothing out between them.
   */
  readonly idleIn: number | null
  /** Names of what it has worked off. */
  readonly done: ReadonlyArray<string>
  /** How many there are to be worked off by all members. */
  readonly of: number
}

export interface Companionship {
  readonly tell: (standing: Standing) => Effect.Effect<void>
  /** All that is worked off, as soon as nothing is left to anybody; `undefined` before. */
  readonly agreed: () => ReadonlySet<string> | undefined
}

/**
 * What they have worked off, when nothing is left: everything is done by somebody, or all are idle
 * in one generation of the group. `undefined` before. A member that has told nothing is at work.
 */
export const agreement = (
  members: ReadonlyArray<Standing | undefined>
): ReadonlyArray<string> | undefined => {
  const standings = members.flatMap((standing) => standing ?? [])
  const done = new Set(standings.flatMap((standing) => standing.done))
  const generations = new Set(standings.map(({ idleIn }) => idleIn))
  const allDone = standings.length > 0 && standings.every(({ of }) => of <= done.size)
  const allIdle = standings.length === members.length && generations.size === 1 &&
    !generations.has(null)
  return allDone || allIdle ? [...done] : undefined
}

/** None unless they are provided. */
export class Companions extends Context.Reference<Companions>()("kafka-data-keep/Companions", {
  defaultValue: (): Companionship | undefined => undefined
}) {}
