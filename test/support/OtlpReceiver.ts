/** A small OpenTelemetry collector: takes OTLP over HTTP, as JSON or protobuf, and keeps it. */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, Server } from "node:http"
import { createServer } from "node:http"
import type { ServerOptions } from "node:https"
import { createServer as createTlsServer } from "node:https"
import { gunzipSync } from "node:zlib"
import { bodyOf } from "./HttpBody.ts"
import { logsRequest, metricsRequest, tracesRequest } from "./OtlpMessages.ts"
import type { Received } from "./OtlpReceived.ts"
import { logsIn, metricsIn, nothing, spansIn } from "./OtlpReceived.ts"
import { decodeMessage } from "./Protobuf.ts"

export interface Posted {
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

export interface OtlpReceiver extends Received {
  readonly url: string
  /** Every request, refused ones too. */
  readonly posts: ReadonlyArray<Posted>
  /** What requests are answered from now on; 0 for no answer at all. */
  readonly answer: (status: number) => void
  /** Nobody listens any more. */
  readonly leave: Effect.Effect<void>
  /** Listens again at the same address. */
  readonly comeBack: Effect.Effect<void>
}

const messages = { traces: tracesRequest, metrics: metricsRequest, logs: logsRequest }

const contentOf = async (request: IncomingMessage): Promise<Buffer> => {
  const body = await bodyOf(request)
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body
}

const listening = (server: Server, port: number) =>
  Effect.async<number>((resume) => {
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const closed = (server: Server) =>
  Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

/**
 * The kind is told by the end of the path, so that every address below can be posted to. With
 * options for TLS it is served over `https`.
 */
export const otlpReceiverWith = Effect.fnUntraced(function*(tls?: ServerOptions) {
  const posts: Array<Posted> = []
  const received = nothing()
  let status = 200

  const keep = (path: string, json: boolean, body: Buffer) => {
    const kind = path.endsWith("metrics") ? "metrics" : path.endsWith("logs") ? "logs" : "traces"
    const request: unknown = json
      ? JSON.parse(body.toString("utf8"))
      : decodeMessage(body, messages[kind])
    if (kind === "traces") received.spans.push(...spansIn(request))
    if (kind === "metrics") received.metrics.push(...metricsIn(request))
    if (kind === "logs") received.logs.push(...logsIn(request))
  }

  const onRequest: RequestListener = (request, response) => {
    void contentOf(request).then((body) => {
      const path = request.url ?? ""
      posts.push({ path, headers: request.headers })
      if (status === 0) return
      if (status === 200) keep(path, request.headers["content-type"] === "application/json", body)
      response.writeHead(status).end()
    }).catch((error) => response.writeHead(400).end(String(error)))
  }
  const server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest)
  const port = yield* listening(server, 0)
  yield* Effect.addFinalizer(() => closed(server))
  const receiver: OtlpReceiver = {
    ...received,
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    posts,
    answer: (next) => {
      status = next
    },
    leave: closed(server),
    comeBack: Effect.asVoid(Effect.suspend(() => listening(server, port)))
  }
  return receiver
})

export const otlpReceiver: Effect.Effect<OtlpReceiver, never, Scope.Scope> = otlpReceiverWith()
