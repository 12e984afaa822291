import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import type { ObjectBody, StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { S3StoreLayer } from "../../services/S3StoreLayer.ts"
import type { Answer } from "../support/S3Scripted.ts"
import { failWith, scripted, succeed } from "../support/S3Scripted.ts"
import { environment } from "../support/S3Server.ts"

const body = bodyOfBytes(new Uint8Array(1000))

/** Runs on a store whose server gives these answers; tells what came of it, and the requests. */
const on = <A>(
  answers: ReadonlyArray<Answer>,
  use: Effect.Effect<A, StoreError, ObjectStore>
) =>
  Effect.gen(function*() {
    const { layer, seen } = yield* scripted(...answers)
    const outcome = yield* Effect.match(Effect.provide(use, layer), {
      onFailure: ({ message, reason }) => ({ reason, message }),
      onSuccess: (value) => ({ value })
    })
    return { outcome, seen, reason: "reason" in outcome ? outcome.reason : undefined }
  })

const putting = (each: ObjectBody) =>
  Effect.flatMap(ObjectStore, (store) => store.putIfAbsent("k", each, {}))
const put = putting(body)
const get = Effect.flatMap(
  ObjectStore,
  (store) => Stream.runCollect(Stream.fromPull(store.get("k")))
)
const check = Effect.flatMap(ObjectStore, (store) => store.check({ write: true, probeKey: "m/p" }))

const page = (keys: ReadonlyArray<string>): Answer => (_, response) => {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join(
    ""
  )
  response.writeHead(200, { "content-type": "application/xml" })
    .end(`<?xml version="1.0"?><ListBucketResult>${contents}</ListBucketResult>`)
}

const object = (announced: number, sent: Uint8Array, headers = {}): Answer => (_, response) => {
  response.writeHead(200, { "content-length": announced, ...headers })
  response.write(sent, () => announced === sent.byteLength ? response.end() : response.destroy())
}

describe("what S3 can say", () => {
  const cases: ReadonlyArray<readonly [Answer, StoreError["reason"]]> = [
    [failWith(403, "AccessDenied"), "Denied"],
    [failWith(403, "InvalidAccessKeyId"), "BadCredentials"],
    [failWith(403, "SignatureDoesNotMatch"), "BadCredentials"],
    [failWith(400, "ExpiredToken"), "BadCredentials"],
    [failWith(404, "NoSuchBucket"), "NoSuchBucket"],
    [failWith(503, "SlowDown"), "Throttled"],
    [failWith(429, "Whatever"), "Throttled"],
    [failWith(400, "BadDigest"), "ChecksumMismatch"],
    [
      failWith(400, "InvalidRequest", "Value for x-amz-checksum-crc32c header is invalid."),
      "ChecksumMismatch"
    ],
    [failWith(500, "InternalError"), "Failed"],
    [failWith(400, "RequestTimeout"), "Unreachable"],
    [failWith(301, "PermanentRedirect"), "Invalid"],
    [failWith(400, "AuthorizationHeaderMalformed"), "Invalid"],
    [(request) => request.socket.destroy(), "Unreachable"],
    [(_, response) => response.writeHead(404).end("<html>no such page"), "NotFound"]
  ]

  it.scopedLive("is told in the words of StoreError, after one try", () =>
    Effect.gen(function*() {
      for (const [answer, reason] of cases) {
        const { outcome, seen } = yield* on([answer], put)
        assert.strictEqual(
          "reason" in outcome ? outcome.reason : "none",
          reason,
          JSON.stringify(outcome)
        )
        assert.strictEqual(seen.filter((line) => line.startsWith("PUT")).length, 1)
      }
    }))

  it.scopedLive("is repeated a little when reading, not when it is final", () =>
    Effect.gen(function*() {
      const again = yield* on([failWith(503, "SlowDown"), object(3, new Uint8Array(3))], get)
      assert.deepStrictEqual([again.reason, again.seen.length], [undefined, 2])
      const denied = yield* on([failWith(403, "AccessDenied")], get)
      assert.deepStrictEqual([denied.reason, denied.seen.length], ["Denied", 1])
    }))
})

describe("puts", () => {
  it.scopedLive("repeat a conflict, and take 412 for an answer", () =>
    Effect.gen(function*() {
      const conflict = failWith(409, "ConditionalRequestConflict")
      const created = yield* on([conflict, conflict, succeed], put)
      assert.deepStrictEqual([created.outcome, created.seen.length], [{ value: "created" }, 3])
      const exists = yield* on([conflict, failWith(412, "PreconditionFailed")], put)
      assert.deepStrictEqual(exists.outcome, { value: "exists" })
      assert.strictEqual((yield* on([conflict], put)).reason, "Failed")
    }))

  it.scopedLive("look whether the key exists when the connection breaks", () =>
    Effect.gen(function*() {
      const found = yield* on([(request) => request.socket.destroy(), succeed], put)
      assert.deepStrictEqual(found.outcome, { value: "exists" })
      assert.deepStrictEqual(found.seen, ["PUT /b/k if-none-match", "HEAD /b/k"])
    }))

  it.scopedLive("send checksum and length, and no other checksum", () =>
    Effect.gen(function*() {
      let headers: Readonly<Record<string, unknown>> = {}
      yield* on([(request, response, bytes) => {
        headers = { ...request.headers, bytes: bytes.byteLength }
        response.end()
      }], put)
      assert.deepInclude(headers, {
        "bytes": 1000,
        "content-length": "1000",
        "if-none-match": "*",
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD"
      })
      const sums = Object.keys(headers).filter((name) => /checksum|md5/.test(name))
      assert.deepStrictEqual(sums, ["x-amz-checksum-crc32c"])
    }))
})

describe("puts of a body in memory", () => {
  const whole = { ...body, bytes: new Uint8Array(1000) }

  it.scopedLive("send the same, and give the same answers", () =>
    Effect.gen(function*() {
      let headers: Readonly<Record<string, unknown>> = {}
      const sum = Buffer.alloc(4)
      sum.writeUInt32BE(body.crc32c)
      const conflict = failWith(409, "ConditionalRequestConflict")
      const created = yield* on([conflict, (request, response, bytes) => {
        headers = { ...request.headers, bytes: bytes.byteLength }
        response.end()
      }], putting(whole))
      assert.deepStrictEqual(created.outcome, { value: "created" })
      assert.deepInclude(headers, {
        "bytes": 1000,
        "content-length": "1000",
        "if-none-match": "*",
        "x-amz-checksum-crc32c": sum.toString("base64")
      })
      const exists = yield* on([failWith(412, "PreconditionFailed")], putting(whole))
      assert.deepStrictEqual(exists.outcome, { value: "exists" })
      const broken = yield* on([(request) => request.socket.destroy(), succeed], putting(whole))
      assert.deepStrictEqual(broken.seen, ["PUT /b/k if-none-match", "HEAD /b/k"])
      assert.deepStrictEqual(broken.outcome, { value: "exists" })
    }))

  it.scopedLive("send nothing when it is not what was announced", () =>
    Effect.gen(function*() {
      for (
        const wrong of [
          { ...whole, bytes: new Uint8Array(999) },
          { ...whole, bytes: new Uint8Array(1000).fill(1) }
        ]
      ) {
        const { reason, seen } = yield* on([], putting(wrong))
        assert.deepStrictEqual([reason, seen], ["ChecksumMismatch", []])
      }
    }))
})

describe("gets", () => {
  const bytes = new Uint8Array(100_000)

  it.scopedLive("never end short without saying so", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* on([object(200_000, bytes)], get)).reason, "Unreachable")
      const whole = yield* on([object(100_000, bytes)], Effect.map(get, Chunk.size))
      assert.isUndefined(whole.reason)
    }))

  it.scopedLive("are held to the checksum of the whole object", () =>
    Effect.gen(function*() {
      const wrong = { "x-amz-checksum-crc32c": "AAAAAA==", "x-amz-checksum-type": "FULL_OBJECT" }
      assert.strictEqual(
        (yield* on([object(100_000, bytes, wrong)], get)).reason,
        "ChecksumMismatch"
      )
      const parts = { "x-amz-checksum-crc32c": "AAAAAA==-2", "x-amz-checksum-type": "COMPOSITE" }
      assert.isUndefined((yield* on([object(100_000, bytes, parts)], get)).reason)
    }))
})

describe("checks and listings", () => {
  it.scopedLive("find a store that ignores conditions, and look before writing from then on", () =>
    Effect.gen(function*() {
      const twice = Effect.zipRight(check, put)
      const { outcome, seen } = yield* on([page([]), succeed], twice)
      assert.deepStrictEqual(outcome, { value: "exists" })
      assert.deepStrictEqual(seen, [
        "GET /b/",
        "PUT /b/m/p if-none-match",
        "PUT /b/m/p if-none-match",
        "DELETE /b/m/p",
        "HEAD /b/k"
      ])
    }))

  it.scopedLive("take a store that refuses conditions for one that ignores them", () =>
    Effect.gen(function*() {
      const answers = [
        page([]),
        failWith(501, "NotImplemented"),
        succeed,
        failWith(404, "NotFound"),
        succeed
      ]
      const { outcome, seen } = yield* on(answers, Effect.zipRight(check, put))
      assert.deepStrictEqual(outcome, { value: "created" })
      assert.deepStrictEqual(seen.slice(-2), ["HEAD /b/k", "PUT /b/k"])
    }))

  it.scopedLive("do without the rights to list and to delete", () =>
    Effect.gen(function*() {
      const denied = failWith(403, "AccessDenied")
      const exists = failWith(412, "PreconditionFailed")
      const { outcome } = yield* on([denied, succeed, exists, denied], check)
      assert.deepStrictEqual(outcome, { value: undefined })
    }))

  it.scopedLive("refuse a store that does not list in key order", () =>
    Effect.gen(function*() {
      const list = Effect.flatMap(ObjectStore, (store) => Stream.runDrain(store.list("")))
      assert.strictEqual((yield* on([page(["b", "a"])], list)).reason, "Invalid")
    }))

  it.scopedLive("say that an endpoint is not S3, or not there", () =>
    Effect.gen(function*() {
      const html: Answer = (_, response) =>
        response.writeHead(200).end("<html><body>hello & welcome")
      const { outcome } = yield* on([html], check)
      assert.include(JSON.stringify(outcome), "does not answer as S3 does")
      const endpoint = "http://localhost:1"
      yield* environment({ AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" })
      const error = yield* Effect.flip(check).pipe(
        Effect.provide(S3StoreLayer({ bucket: "b", region: "us-east-1", endpoint }))
      )
      assert.strictEqual(error.reason, "Unreachable")
      assert.include(error.message, "ECONNREFUSED")
    }))
})
