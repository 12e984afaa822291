/** Which broker coordinates a group or a transactional id: asked once, again when it has moved. */
import { Effect, Schedule } from "effect"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import { findCoordinator } from "../../src/codec/kafka/FindCoordinator.ts"
import type { KafkaError } from "../Kafka.ts"
import type { Connections } from "./Calls.ts"
import { accepted, askMetadata } from "./Calls.ts"

type Kind = "group" | "transaction"

/** Another broker may be the coordinator by now. */
const moved: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "NOT_COORDINATOR",
  "COORDINATOR_NOT_AVAILABLE",
  "CONNECTION_FAILED",
  "BROKER_NOT_AVAILABLE"
])

/** The same broker will answer soon. */
const busy: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "COORDINATOR_LOAD_IN_PROGRESS",
  "CONCURRENT_TRANSACTIONS"
])

/** For a coordinator that is busy or moving: 15 seconds at most. */
export const backoff = Schedule.exponential("50 millis", 1.6).pipe(
  Schedule.union(Schedule.spaced("1 second")),
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(15)),
  Schedule.upTo("15 seconds")
)

/** Waits a bounded time for a broker that says it will answer soon. */
export const whileBusy = <A>(
  effect: Effect.Effect<A, KafkaError>
): Effect.Effect<A, KafkaError> =>
  Effect.retry(effect, { schedule: backoff, while: ({ reason }) => busy.has(reason) })

export const makeCoordinators = (connections: Connections) => {
  const known = new Map<string, number>()

  /** For whoever has learned it without asking. */
  const remember = (kind: Kind, key: string, broker: number): void => {
    known.set(`${kind} ${key}`, broker)
  }

  const find = Effect.fnUntraced(function*(kind: Kind, key: string) {
    const cached = known.get(`${kind} ${key}`)
    if (cached !== undefined && connections.knows(cached)) return cached
    const answer = yield* connections.callAny(findCoordinator, { kind, key })
    const { host, nodeId, port } = yield* accepted(answer, "FindCoordinator", key, answer.detail)
    if (!connections.knowsAt(nodeId, host, port)) yield* askMetadata(connections, [])
    remember(kind, key, nodeId)
    return nodeId
  })

  /** Runs `use` with the coordinator's node id; waits a bounded time for one that answers. */
  const withCoordinator = <A>(
    kind: Kind,
    key: string,
    use: (broker: number) => Effect.Effect<A, KafkaError>
  ): Effect.Effect<A, KafkaError> => {
    let unreachable = false
    return find(kind, key).pipe(
      // No broker at all can be reached: asking again here would only take longer to say so.
      Effect.tapError((error) =>
        Effect.sync(() => {
          unreachable = error.reason === "CONNECTION_FAILED"
        })
      ),
      Effect.flatMap(use),
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (moved.has(error.reason)) known.delete(`${kind} ${key}`)
        })
      ),
      Effect.retry({
        schedule: backoff,
        while: ({ reason }) => !unreachable && (moved.has(reason) || busy.has(reason))
      })
    )
  }

  return { withCoordinator, remember }
}

export type Coordinators = ReturnType<typeof makeCoordinators>
