/** Sends batches in the background, in order and with pauses after failures, and keeps few of them. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type { Scope } from "effect"
import { Effect } from "effect"
import type { Signal, SignalSettings, TelemetryError } from "./Telemetry.ts"
import type { TelemetryHealth } from "./TelemetryHealth.ts"
import type { Batch, Post } from "./TelemetryPostLayer.ts"

/** How long the end of the program may wait for the last batches. */
const drainTime = "900 millis"

const firstPauseMs = 1_000
const longestPauseMs = 15_000

/** Until the collector is asked again; as long as it wishes, if it says so. */
const pauseAfter = (error: TelemetryError, failures: number): number =>
  error.retryAfterMs ?? Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs)

export interface Lane {
  /** Takes every body posted, answers 200 at once, and never fails. */
  readonly client: HttpClient.HttpClient
  /** Sends what waits, each batch tried once more at most. */
  readonly drain: Effect.Effect<void>
}

/** The sender of one signal; it works until the scope closes. */
export const makeLane = (
  signal: Signal,
  { url, waitingBatches }: SignalSettings,
  post: Post,
  health: TelemetryHealth
): Effect.Effect<Lane, never, Scope.Scope> =>
  Effect.gen(function*() {
    const waiting: Array<Batch> = []
    const arrived = yield* Effect.makeLatch()
    const closed = yield* Effect.makeLatch()
    let closing = false
    let lost = 0

    const offer = (batch: Batch) => {
      waiting.push(batch)
      if (waiting.length > waitingBatches) {
        waiting.shift()
        lost += 1
      }
      arrived.unsafeOpen()
    }

    const works = Effect.suspend(() => {
      const missing = lost
      lost = 0
      return health.works(signal, missing)
    })

    const deliver = (batch: Batch, failures: number): Effect.Effect<void> =>
      Effect.matchEffect(post(batch), {
        onSuccess: () => works,
        onFailure: (error) =>
          Effect.suspend(() => {
            const told = health.fails(signal, url, error)
            if (error.reason === "Refused") return told
            if (closing) {
              waiting.length = 0
              return told
            }
            const pause = Effect.race(Effect.sleep(pauseAfter(error, failures)), closed.await)
            return told.pipe(
              Effect.zipRight(pause),
              Effect.zipRight(Effect.suspend(() => deliver(batch, failures + 1)))
            )
          })
      })

    /** Whether there is nothing left and nothing to come. */
    const step = Effect.suspend(() => {
      const batch = waiting.shift()
      if (batch !== undefined) return Effect.as(deliver(batch, 1), false)
      if (closing) return Effect.succeed(true)
      arrived.unsafeClose()
      return Effect.as(arrived.await, false)
    })

    const worker = yield* Effect.forkScoped(Effect.repeat(step, { until: (done) => done }))

    return {
      client: HttpClient.make((request) =>
        Effect.sync(() => {
          const { body } = request
          if (body._tag === "Uint8Array") {
            offer({ body: body.body, contentType: body.contentType })
          }
          return HttpClientResponse.fromWeb(request, new Response(null, { status: 200 }))
        })
      ),
      drain: Effect.suspend(() => {
        closing = true
        arrived.unsafeOpen()
        closed.unsafeOpen()
        return worker.await
      })
    }
  })

/** When the scope closes, all lanes together get the time of {@link drainTime}. */
export const drained = (lanes: ReadonlyArray<Lane>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.addFinalizer(() =>
    Effect.forEach(lanes, ({ drain }) => drain, { concurrency: "unbounded", discard: true }).pipe(
      Effect.interruptible,
      Effect.timeoutOption(drainTime)
    )
  )
