/** Patience that many requests share, so that a broker that is away is waited for only once. */
import { Clock, Effect } from "effect"
import type { KafkaError } from "../../services/Kafka.ts"
import { backoff } from "../ReadLog.ts"

/** Milliseconds for which the requests of one step are repeated, counted from its begin. */
const patienceMs = 30_000

/** Groups that are asked or committed to at once. */
export const groupsAtOnce = 16

export type Patiently = <A, R>(
  effect: Effect.Effect<A, KafkaError, R>
) => Effect.Effect<A, KafkaError, R>

/** Repeats what can succeed later; each request is made once more at the most when time is up. */
export const sharedPatience: Effect.Effect<Patiently> = Effect.map(
  Clock.currentTimeMillis,
  (start): Patiently => (effect) =>
    Effect.retry(effect, {
      schedule: backoff,
      while: (error) =>
        Effect.map(
          Clock.currentTimeMillis,
          (now) => error.retriable && now - start < patienceMs
        )
    })
)

/** By the group in the target, in their order. */
export const byGroup = <A extends { readonly group: { readonly target: string } }>(
  positions: ReadonlyArray<A>
): ReadonlyArray<readonly [group: string, positions: ReadonlyArray<A>]> => {
  const groups = new Map<string, Array<A>>()
  for (const position of positions) {
    const found = groups.get(position.group.target)
    if (found === undefined) groups.set(position.group.target, [position])
    else found.push(position)
  }
  return [...groups]
}
