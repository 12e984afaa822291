/** A proxy in front of the S3 server that fails single PUTs, and remembers what came of each. */
import { PutObjectCommand } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import http from "node:http"
import { errorDocument } from "../../dev/faults/S3FaultProxy.ts"
import { listening } from "../../dev/stack/Listening.ts"
import type { S3Address } from "../../dev/stack/S3Gateway.ts"
import { s3Client } from "../../dev/stack/S3Gateway.ts"
import { bodyOf } from "./HttpBody.ts"

/** Strikes one PUT. The server stores the object first, where it says so. */
export type PutFault =
  | "stored, then reset"
  | "stored, then closed"
  | "stored, then silence"
  | "stored, then 500"
  | "stored, then 503"
  | "409"

export interface SeenPut {
  readonly key: string
  /** Whether it came with `If-None-Match`. */
  readonly conditional: boolean
  /** What the server answered; `undefined`: it was not asked. */
  readonly status: number | undefined
}

export interface S3Between {
  readonly endpoint: string
  /** Each strikes one PUT of an archive file, the first of them first. */
  readonly faults: Array<PutFault>
  /** Every PUT of an archive file so far, in the order of the answers. */
  readonly puts: Array<SeenPut>
}

interface Answered {
  readonly status: number
  readonly headers: ReadonlyArray<string>
  readonly body: Buffer
}

const pass = (target: URL, incoming: http.IncomingMessage, body: Buffer): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const { expect: _, ...headers } = incoming.headers
    const { hostname: host, port } = target
    const { method, url: path } = incoming
    const request = http.request({ host, port, method, path, headers }, (answer) => {
      bodyOf(answer).then(
        (bytes) =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.rawHeaders, body: bytes }),
        reject
      )
    })
    request.on("error", reject)
    request.end(body)
  })

const metadataOf = ({ headers }: http.IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith("x-amz-meta-") ? [[name.slice("x-amz-meta-".length), String(value)]] : []
    )
  )

const answer = (outgoing: http.ServerResponse, status: number, code: string) => {
  outgoing.writeHead(status, { "content-type": "application/xml" }).end(errorDocument(code))
}

const failed = (fault: PutFault, outgoing: http.ServerResponse): void => {
  switch (fault) {
    case "stored, then reset":
      return void outgoing.socket?.resetAndDestroy()
    case "stored, then closed":
      return void outgoing.socket?.destroy()
    case "stored, then silence":
      return
    case "stored, then 500":
      return answer(outgoing, 500, "InternalError")
    case "stored, then 503":
      return answer(outgoing, 503, "SlowDown")
    case "409":
      return answer(outgoing, 409, "ConditionalRequestConflict")
  }
}

/** On a free port; ends with the scope. With `ignoresConditions`, the server sees none. */
export const makeS3Between = Effect.fnUntraced(
  function*(s3: S3Address, ignoresConditions = false) {
    const target = new URL(s3.endpoint)
    const faults: Array<PutFault> = []
    const puts: Array<SeenPut> = []
    const client = yield* Effect.acquireRelease(
      Effect.sync(() => s3Client(s3)),
      (client) => Effect.sync(() => client.destroy())
    )

    // The condition is signed, so the request cannot do without it: another one says the same.
    const unconditional = async (
      incoming: http.IncomingMessage,
      Key: string,
      Body: Buffer
    ): Promise<Answered> => {
      const { ETag = "" } = await client.send(
        new PutObjectCommand({ Bucket: s3.bucket, Key, Body, Metadata: metadataOf(incoming) })
      )
      return { status: 200, headers: ["etag", ETag], body: Buffer.alloc(0) }
    }

    const serve = async (
      incoming: http.IncomingMessage,
      outgoing: http.ServerResponse
    ): Promise<void> => {
      const body = await bodyOf(incoming)
      const path = decodeURIComponent(incoming.url?.split("?")[0] ?? "")
      const key = path.slice(`/${s3.bucket}/`.length)
      const conditional = incoming.headers["if-none-match"] !== undefined
      const isPut = incoming.method === "PUT" && key.endsWith(".avro")
      const fault = isPut ? faults.shift() : undefined
      if (fault === "409") {
        puts.push({ key, conditional, status: undefined })
        return failed(fault, outgoing)
      }
      const answered = ignoresConditions && conditional
        ? await unconditional(incoming, key, body)
        : await pass(target, incoming, body)
      if (isPut) puts.push({ key, conditional, status: answered.status })
      if (fault !== undefined) return failed(fault, outgoing)
      // The length of an answer to HEAD is told without a body.
      outgoing.writeHead(answered.status, [...answered.headers]).end(answered.body)
    }

    const server = http.createServer((incoming, outgoing) => {
      serve(incoming, outgoing).catch(() => incoming.socket.destroy())
    })
    const port = yield* listening(server, () => server.closeAllConnections())
    const between: S3Between = { endpoint: `http://127.0.0.1:${port}`, faults, puts }
    return between
  }
)
