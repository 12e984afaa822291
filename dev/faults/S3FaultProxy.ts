/** A reverse proxy in front of the S3 server that fails requests in the ways that stores do. */
import { Effect } from "effect"
import http from "node:http"
import { setTimeout as later } from "node:timers/promises"
import { listening } from "../stack/Listening.ts"

/** Hits each n-th request, `every`, until the proxy is healed. */
export type StoreFault =
  & { readonly every: number }
  & (
    /** The connection breaks before anything is answered. */
    | { readonly kind: "refuse" }
    | { readonly kind: "slowDown" }
    /** The request reaches the server, its answer gets lost: 500, or a broken connection. */
    | { readonly kind: "lostAnswer"; readonly instead: "500" | "reset" }
    /** The connection breaks after so many bytes of the request's body. */
    | { readonly kind: "cutRequest"; readonly bytes: number }
    /** The connection breaks after so many bytes of the answer's body. */
    | { readonly kind: "cutAnswer"; readonly bytes: number }
    /** No answer until the proxy is healed, then a broken connection. */
    | { readonly kind: "timeout" }
    | { readonly kind: "delay"; readonly delayMs: number }
  )

export interface S3FaultProxy {
  readonly endpoint: string
  readonly inject: (fault: StoreFault) => Effect.Effect<void>
  readonly heal: Effect.Effect<void>
}

/** What S3 says with an error. */
export const errorDocument = (code: string, message = code): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`

interface State {
  fault: StoreFault | undefined
  requests: number
  readonly waiting: Set<http.IncomingMessage>
}

const fail = (answer: http.ServerResponse, status: number, code: string): void => {
  answer.writeHead(status, { "content-type": "application/xml", "connection": "close" })
  answer.end(errorDocument(code))
}

type OnAnswer = (answer: http.IncomingMessage) => void

const forward = (
  target: URL,
  incoming: http.IncomingMessage,
  onAnswer: OnAnswer
): http.ClientRequest => {
  const { expect: _, ...headers } = incoming.headers
  const { hostname: host, port } = target
  const { method, url: path } = incoming
  const request = http.request({ host, port, method, path, headers }, onAnswer)
  request.on("error", () => incoming.socket.destroy())
  incoming.on("error", () => request.destroy())
  return request
}

/** Passes the answer on; breaks off after `most` bytes of its body. */
const passOn = (from: http.IncomingMessage, to: http.ServerResponse, most = Infinity): void => {
  to.writeHead(from.statusCode ?? 500, from.rawHeaders)
  let passed = 0
  from.on("error", () => to.destroy())
  from.on("end", () => most === Infinity ? to.end() : to.destroy())
  from.on("data", (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, most - passed))
    passed += part.length
    if (passed >= most) return void to.write(part, () => to.destroy())
    if (!to.write(part)) {
      from.pause()
      to.once("drain", () => from.resume())
    }
  })
}

/** Sends so many bytes of the body to the server, then breaks both connections. */
const cutRequest = (target: URL, incoming: http.IncomingMessage, bytes: number): void => {
  const request = forward(target, incoming, () => incoming.socket.destroy())
  let passed = 0
  incoming.on("data", (chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, bytes - passed))
    passed += part.length
    request.write(part, () => {
      if (passed < bytes) return
      request.destroy()
      incoming.socket.destroy()
    })
  })
  incoming.on("end", () => request.destroy())
}

const serve = async (
  state: State,
  target: URL,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse
): Promise<void> => {
  state.requests++
  const { fault } = state
  const hit = fault !== undefined && state.requests % fault.every === 0 ? fault : undefined
  const whole = (onAnswer: OnAnswer) => void incoming.pipe(forward(target, incoming, onAnswer))
  switch (hit?.kind) {
    case "refuse":
      return void incoming.socket.resetAndDestroy()
    case "slowDown":
      incoming.resume()
      return fail(outgoing, 503, "SlowDown")
    case "timeout":
      return void state.waiting.add(incoming)
    case "lostAnswer":
      return whole((answer) => {
        answer.resume()
        answer.once("end", () =>
          hit.instead === "500"
            ? fail(outgoing, 500, "InternalError")
            : incoming.socket.resetAndDestroy())
      })
    case "cutRequest":
      return cutRequest(target, incoming, hit.bytes)
    case "cutAnswer":
      return whole((answer) => passOn(answer, outgoing, hit.bytes))
    case "delay":
      await later(hit.delayMs)
  }
  whole((answer) => passOn(answer, outgoing))
}

const heal = (state: State): void => {
  state.fault = undefined
  for (const incoming of state.waiting) incoming.socket.destroy()
  state.waiting.clear()
}

/** On a free port, in front of the server at `endpoint`; ends with the scope. */
export const makeS3FaultProxy = Effect.fnUntraced(function*(endpoint: string) {
  const state: State = { fault: undefined, requests: 0, waiting: new Set() }
  const target = new URL(endpoint)
  const server = http.createServer((incoming, outgoing) => {
    outgoing.on("error", () => incoming.socket.destroy())
    void serve(state, target, incoming, outgoing)
  })
  server.requestTimeout = 0
  const port = yield* listening(server, () => {
    heal(state)
    server.closeAllConnections()
  })
  const proxy: S3FaultProxy = {
    endpoint: `http://127.0.0.1:${port}`,
    inject: (fault) => Effect.sync(() => void (state.fault = fault)),
    heal: Effect.sync(() => heal(state))
  }
  return proxy
})
