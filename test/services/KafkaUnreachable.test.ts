/** One clear error, soon, for whatever is not a Kafka broker. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import net from "node:net"
import { Kafka } from "../../services/Kafka.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import { settingsFor } from "../support/RealKafka.ts"

/** `host:port` of a server that does this with every connection; closed with the scope. */
const server = (onConnection: (socket: net.Socket) => void) =>
  Effect.acquireRelease(
    Effect.async<net.Server>((resume) => {
      const made = net.createServer((socket) => {
        socket.on("error", () => {})
        onConnection(socket)
      })
      made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
    }),
    (made) => Effect.sync(() => made.close())
  ).pipe(Effect.map((made) => {
    const address = made.address()
    return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : ""
  }))

const failure = (brokers: string, tls: boolean) => {
  const changes = { connectionTimeoutMs: 500, ...(tls ? { tls: {} } : {}) }
  return Effect.flatMap(Kafka, (kafka) => kafka.metadata([])).pipe(
    Effect.provide(KafkaLayer(settingsFor(brokers, changes))),
    Effect.flip
  )
}

describe("KafkaLayer without a broker", () => {
  it.scopedLive("says who refuses, and that all of them do", () =>
    Effect.gen(function*() {
      const one = yield* failure("127.0.0.1:1", false)
      assert.strictEqual(
        one.message,
        "connect 127.0.0.1:1: CONNECTION_FAILED (connect ECONNREFUSED 127.0.0.1:1)"
      )
      const all = yield* failure("127.0.0.1:1,127.0.0.1:2", false)
      assert.strictEqual(all.subject, "127.0.0.1:1, 127.0.0.1:2")
    }))

  it.scopedLive("does not wait for ever for one who is silent", () =>
    Effect.gen(function*() {
      const silent = yield* server(() => {})
      for (const tls of [false, true]) {
        const error = yield* failure(silent, tls)
        assert.strictEqual(error.reason, tls ? "TLS_FAILED" : "CONNECTION_FAILED")
        assert.strictEqual(error.subject, silent)
        assert.match(error.message, /(?:not connected|no answer) within 500 ms/)
      }
    }))

  it.scopedLive("wonders when a connection is closed at once", () =>
    Effect.gen(function*() {
      const http = yield* server((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))
      const plain = yield* failure(http, false)
      assert.strictEqual(plain.reason, "CONNECTION_FAILED")
      assert.match(plain.message, /does this listener expect TLS\?/)
      assert.strictEqual((yield* failure(http, true)).reason, "TLS_FAILED")
    }))

  it.scopedLive("leaves no socket behind", () =>
    Effect.gen(function*() {
      const open = new Set<net.Socket>()
      const silent = yield* server((socket) => {
        open.add(socket)
        socket.on("close", () => open.delete(socket))
        socket.resume()
      })
      yield* failure(silent, false)
      yield* Effect.sleep("200 millis")
      assert.strictEqual(open.size, 0)
    }))
})
