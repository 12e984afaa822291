/** Fetch sessions (KIP-227): begun, gone on with, begun again when lost, and ended. */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import type { FetchRequestBody, FetchResponseBody } from "../../src/codec/kafka/Fetch.ts"
import type { FetchSession, FetchSessionSettings } from "../FetchSession.ts"
import type { FetchResponse, KafkaError } from "../Kafka.ts"
import { accepted } from "./Calls.ts"
import { SessionState } from "./SessionState.ts"

/** A broker's answer, with what it says of the session. */
export interface SessionAnswer
  extends FetchResponse, Pick<FetchResponseBody, "error" | "sessionId">
{}

/** One request on the fetch connection of the session's broker. */
export type AskBroker = (request: FetchRequestBody) => Effect.Effect<SessionAnswer, KafkaError>

/** What brokers answer when they know another state of the session, or none. */
const lost: ReadonlySet<KafkaErrorName | undefined> = new Set<KafkaErrorName | undefined>([
  "FETCH_SESSION_ID_NOT_FOUND",
  "INVALID_FETCH_SESSION_EPOCH",
  "FETCH_SESSION_TOPIC_ID_ERROR"
])

/** A session that is not ended is given up by the broker in time, so nobody waits long for it. */
const farewellPatience = "1 second"

export const openFetchSession = (
  settings: FetchSessionSettings,
  ask: AskBroker
): Effect.Effect<FetchSession, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { broker, partitionBytes, ...limits } = settings
    const state = new SessionState(partitionBytes)

    const fetch = (again: boolean): FetchSession["fetch"] => (wanted) =>
      Effect.suspend(() => {
        const request = state.next(wanted)
        return Effect.flatMap(ask({ ...limits, ...request }), (answer) => {
          if (again && lost.has(answer.error)) return fetch(false)(wanted)
          return Effect.map(accepted(answer, "fetch", `broker ${broker}`), (answer) => {
            state.accept(answer)
            return answer
          })
        })
      })

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        const farewell = state.farewell()
        if (farewell === undefined) return Effect.void
        return ask({ ...limits, ...farewell, maxWaitMs: 0 }).pipe(
          Effect.timeout(farewellPatience),
          Effect.ignore,
          Effect.forkDaemon
        )
      })
    )
    return {
      fetch: fetch(true),
      follows: (source) => state.follows(source),
      forget: () => state.forget()
    }
  })
