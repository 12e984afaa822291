/** An S3 server that says what a test tells it to, for what real servers do only on bad days. */
import { Effect } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import { errorDocument } from "../../dev/faults/S3FaultProxy.ts"
import { listening } from "../../dev/stack/Listening.ts"
import { S3StoreLayer } from "../../services/S3StoreLayer.ts"
import { bodyOf } from "./HttpBody.ts"
import { environment } from "./S3Server.ts"

export type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

/** An S3 error document. */
export const failWith = (status: number, code: string, message = code): Answer => (_, response) => {
  response.writeHead(status, { "content-type": "application/xml" })
  response.end(errorDocument(code, message))
}

export const succeed: Answer = (_, response) => {
  response.writeHead(200, { etag: "\"x\"" }).end()
}

/** A store whose requests get these answers in turn, the last one again and again. */
export const scripted = (...answers: ReadonlyArray<Answer>) =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const server = createServer((request, response) => {
      const answer = answers[Math.min(seen.length, answers.length - 1)]
      const condition = request.headers["if-none-match"] === undefined ? "" : " if-none-match"
      seen.push(`${request.method} ${request.url?.split("?")[0]}${condition}`)
      void bodyOf(request).then((body) => answer?.(request, response, body), () => undefined)
    })
    const port = yield* listening(server, () => server.closeAllConnections())
    yield* environment({ AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" })
    const endpoint = `http://127.0.0.1:${port}`
    return { seen, layer: S3StoreLayer({ bucket: "b", region: "us-east-1", endpoint }) }
  })
