/** Lets operators of the host ask for a flush: `POST /__/flush`, on 127.0.0.1 only. */
import { Effect, Layer } from "effect"
import type { FlushOutcome } from "./FlushRequests.ts"
import { FlushRequests } from "./FlushRequests.ts"
import type { HttpAnswer } from "./HttpListener.ts"
import { HttpListener } from "./HttpListener.ts"

const host = "127.0.0.1"
const path = "/__/flush"

const answer = ({ committed, files }: FlushOutcome): HttpAnswer =>
  committed
    ? { status: 200, body: "Flushed\n" }
    : { status: 500, body: `uploaded ${files} files, commit pending\n` }

/** A port that cannot be had is a warning only; the signal works without it. */
export const FlushServerLayer = (
  settings: { readonly port: number }
): Layer.Layer<never, never, HttpListener | FlushRequests> =>
  Layer.scopedDiscard(
    Effect.gen(function*() {
      const listener = yield* HttpListener
      const requests = yield* FlushRequests
      const flush = Effect.match(requests.request, {
        onFailure: (error): HttpAnswer => ({ status: 500, body: `${error}\n` }),
        onSuccess: answer
      })
      const port = yield* listener.listen({
        host,
        port: settings.port,
        handle: (request) => {
          if (request.path !== path) return Effect.succeed({ status: 404, body: "not found\n" })
          return request.method === "POST"
            ? flush
            : Effect.succeed({
              status: 405,
              body: "method not allowed\n",
              headers: { allow: "POST" }
            })
        }
      })
      yield* Effect.logInfo("flush requests are taken").pipe(
        Effect.annotateLogs({ host, port, path })
      )
    }).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning("flush requests are not taken over HTTP").pipe(
          Effect.annotateLogs("error", error.message)
        )
      )
    )
  )
