/** Requests of a member that outlast an absent coordinator, as long as the session can be alive. */
import type { SubscriptionRef } from "effect"
import { Clock, Effect, Either, Ref } from "effect"
import { KafkaError } from "../../services/Kafka.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import type { GroupOptions, MemberState } from "./MemberState.ts"
import { Evicted, Rejoin } from "./MemberState.ts"

const evictions: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "UNKNOWN_MEMBER_ID",
  "ILLEGAL_GENERATION",
  "FENCED_INSTANCE_ID"
])

/**
 * Certificates and passwords are read anew at each connection: to who was in the group already,
 * these mean that the new ones are late.
 */
const lateCredentials: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "TLS_FAILED",
  "SASL_AUTHENTICATION_FAILED"
])

const shortestPauseMs = 100
const longestPauseMs = 5000

const pauseMs = (attempt: number): number =>
  Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(attempt, 10))

const unanswered = (groupId: string) =>
  new KafkaError({
    reason: "REQUEST_TIMED_OUT",
    operation: "group request",
    subject: groupId,
    cause: new Error("no answer")
  })

/**
 * `patience`: milliseconds after which one attempt counts as unanswered; as long as the session may
 * last when undefined, which is right for whatever the coordinator answers at once.
 */
export type Persist = <A>(
  request: Effect.Effect<A, KafkaError>,
  patience?: number
) => Effect.Effect<A, KafkaError | Evicted | Rejoin>

/**
 * Repeats while the error is retriable. Ends as Evicted when the coordinator says so, or when
 * partitions are owned and there was no sign of life for the session timeout; as Rejoin when the
 * group rebalances; as KafkaError when no repetition can help.
 */
export const makePersist = (
  options: GroupOptions,
  state: SubscriptionRef.SubscriptionRef<MemberState>
): Effect.Effect<Persist> =>
  Effect.gen(function*() {
    const lastSeen = yield* Ref.make(yield* Clock.currentTimeMillis)
    const alive = Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.set(lastSeen, now))
    const sessionLeft = Effect.gen(function*() {
      const { owned } = yield* state.get
      if (owned.size === 0) return options.sessionTimeoutMs
      const silence = (yield* Clock.currentTimeMillis) - (yield* Ref.get(lastSeen))
      return options.sessionTimeoutMs - silence
    })

    /** What an error means that is not the end: nothing, after a pause. */
    const weather = Effect.fnUntraced(function*(error: KafkaError, attempt: number) {
      if (evictions.has(error.reason)) return yield* new Evicted({ reason: error.reason })
      if (error.reason === "REBALANCE_IN_PROGRESS") {
        yield* alive
        return yield* new Rejoin({ why: "rebalance" })
      }
      const { memberId } = yield* state.get
      const passes = error.retriable || (memberId !== "" && lateCredentials.has(error.reason))
      if (!passes) return yield* error
      const left = yield* sessionLeft
      if (left <= 0) return yield* new Evicted({ reason: "SESSION_EXPIRED" })
      const note = attempt === 0 ? Effect.logWarning : Effect.logDebug
      yield* note("group coordinator does not answer, trying on").pipe(
        Effect.annotateLogs({ group: options.groupId, error: error.message })
      )
      yield* Effect.sleep(Math.min(left, pauseMs(attempt)))
    })

    return Effect.fnUntraced(
      function*<A>(request: Effect.Effect<A, KafkaError>, patience?: number) {
        for (let attempt = 0;; attempt++) {
          const duration = patience ?? Math.max(1, yield* sessionLeft)
          const onTimeout = () => unanswered(options.groupId)
          const answer = yield* Effect.either(Effect.timeoutFail(request, { duration, onTimeout }))
          if (Either.isRight(answer)) {
            yield* alive
            return answer.right
          }
          yield* weather(answer.left, attempt)
        }
      }
    )
  })
