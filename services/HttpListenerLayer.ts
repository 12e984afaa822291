/** HTTP endpoints on Node's own server. */
import { Cause, Effect, FiberId, FiberSet, Layer } from "effect"
import type { IncomingMessage, RequestListener, Server } from "node:http"
import { createServer } from "node:http"
import type { HttpAnswer, HttpRequest } from "./HttpListener.ts"
import { HttpListener, ListenError } from "./HttpListener.ts"

const plainText = { "content-type": "text/plain; charset=utf-8" }

const requestOf = ({ method = "GET", url = "/" }: IncomingMessage): HttpRequest => {
  const [path = "/"] = url.split("?", 1)
  return { method, path, query: new URLSearchParams(url.slice(path.length)) }
}

const isPortInUse = (error: Error): boolean => "code" in error && error.code === "EADDRINUSE"

const start = (server: Server, host: string, port: number): Effect.Effect<number, ListenError> =>
  Effect.async((resume) => {
    server.on("error", (cause) => {
      const reason = isPortInUse(cause) ? "PortInUse" : "Failed"
      resume(Effect.fail(new ListenError({ reason, host, port, cause })))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

const stop = (server: Server): Effect.Effect<void> =>
  Effect.async((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

const failed = (cause: Cause.Cause<never>): Effect.Effect<HttpAnswer> =>
  Effect.as(Effect.logDebug("request failed", cause), { status: 500, body: "internal error\n" })

export const HttpListenerLayer: Layer.Layer<HttpListener> = Layer.succeed(HttpListener, {
  listen: ({ handle, host, port }) =>
    Effect.gen(function*() {
      const fork = yield* FiberSet.makeRuntime<never>()
      const onRequest: RequestListener = (request, response) => {
        request.resume()
        const exchange = Effect.suspend(() => handle(requestOf(request))).pipe(
          Effect.catchAllCause((cause) =>
            Cause.isInterruptedOnly(cause) ? Effect.interrupt : failed(cause)
          ),
          Effect.map((answer) => {
            const length = { "content-length": Buffer.byteLength(answer.body) }
            response.writeHead(answer.status, { ...plainText, ...answer.headers, ...length })
            response.end(request.method === "HEAD" ? undefined : answer.body)
          })
        )
        const fiber = fork(exchange)
        response.on("close", () => {
          if (!response.writableFinished) fiber.unsafeInterruptAsFork(FiberId.none)
        })
      }
      const server = yield* Effect.acquireRelease(Effect.sync(() => createServer(onRequest)), stop)
      return yield* start(server, host, port)
    })
})
