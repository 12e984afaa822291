/** An S3 server that says what a test tells it to, for what real servers do only on bad days. */
import { Effect } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import { S3StoreLayer } from "../../services/S3StoreLayer.ts"
import { environment } from "./S3Server.ts"

export type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

/** An S3 error document. */
export const failWith = (status: number, code: string, message = code): Answer => (_, response) => {
  response.writeHead(status, { "content-type": "application/xml" })
  response.end(
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
  )
}

export const succeed: Answer = (_, response) => {
  response.writeHead(200, { etag: "\"x\"" }).end()
}

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A store whose requests get these answers in turn, the last one again and again. */
export const scripted = (...answers: ReadonlyArray<Answer>) =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const server = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((request, response) => {
          const answer = answers[Math.min(seen.length, answers.length - 1)]
          const condition = request.headers["if-none-match"] === undefined ? "" : " if-none-match"
          seen.push(`${request.method} ${request.url?.split("?")[0]}${condition}`)
          void bodyOf(request).then((body) => answer?.(request, response, body), () => undefined)
        })
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.closeAllConnections()
          server.close(() => resume(Effect.void))
        })
    )
    yield* environment({ AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" })
    const address = server.address()
    const port = typeof address === "object" ? address?.port : undefined
    const endpoint = `http://127.0.0.1:${port}`
    return { seen, layer: S3StoreLayer({ bucket: "b", region: "us-east-1", endpoint }) }
  })
