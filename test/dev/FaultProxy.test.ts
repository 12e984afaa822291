/** The proxies of the fault suite do to a connection what they are asked to, and stop when healed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import http from "node:http"
import net from "node:net"
import type { FaultProxy, LinkFault } from "../../dev/faults/FaultProxy.ts"
import { makeFaultProxy } from "../../dev/faults/FaultProxy.ts"
import type { StoreFault } from "../../dev/faults/S3FaultProxy.ts"
import { makeS3FaultProxy } from "../../dev/faults/S3FaultProxy.ts"
import { listening } from "../../dev/stack/Listening.ts"
import { freePort } from "../../dev/stack/Ports.ts"

/** Answers with what it gets, and says so much longer. */
const echo = Effect.gen(function*() {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.on("data", (bytes) => socket.write(bytes))
  })
  const port = yield* listening(server, () => sockets.forEach((socket) => socket.destroy()))
  return yield* makeFaultProxy(yield* freePort, port)
})

interface Connection {
  readonly say: (text: string) => void
  /** What came back, as soon as it is so long or the connection has ended. */
  readonly heard: (length: number) => Effect.Effect<string>
  readonly ended: () => boolean
}

const connect = ({ port }: FaultProxy) =>
  Effect.acquireRelease(
    Effect.async<net.Socket>((resume) => {
      const socket = net.connect(port, "127.0.0.1")
      socket.on("error", () => undefined)
      socket.once("close", () => resume(Effect.succeed(socket)))
      socket.once("connect", () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  ).pipe(Effect.map((socket): Connection => {
    let text = ""
    socket.on("data", (bytes) => text += bytes.toString())
    const wait = Effect.sleep("10 millis")
    return {
      say: (words) => void socket.write(words),
      heard: (length) =>
        Effect.sync(() => text.length >= length || socket.destroyed).pipe(
          Effect.zipLeft(wait),
          Effect.repeat({ until: (enough) => enough }),
          Effect.map(() => text)
        ),
      ended: () => socket.destroyed
    }
  }))

/** What a request and one after it hear while there is the fault. */
const under = (fault: LinkFault) =>
  Effect.gen(function*() {
    const proxy = yield* echo
    const before = yield* connect(proxy)
    before.say("one")
    assert.strictEqual(yield* before.heard(3), "one")
    yield* proxy.inject(fault)
    return { proxy, before, after: yield* connect(proxy) }
  })

describe("the proxy in front of a broker", () => {
  it.scopedLive("cuts what is there and takes what is new", () =>
    Effect.gen(function*() {
      const { after, before } = yield* under({ kind: "cut" })
      yield* before.heard(4)
      assert.isTrue(before.ended())
      after.say("two")
      assert.strictEqual(yield* after.heard(3), "two")
    }))

  it.scopedLive("refuses", () =>
    Effect.gen(function*() {
      const { after, before, proxy } = yield* under({ kind: "refuse" })
      yield* Effect.all([before.heard(4), after.heard(1)])
      assert.isTrue(before.ended() && after.ended())
      yield* proxy.heal
      const again = yield* connect(proxy)
      again.say("three")
      assert.strictEqual(yield* again.heard(5), "three")
    }))

  it.scopedLive("holds everything back, then lets it pass", () =>
    Effect.gen(function*() {
      const { after, before, proxy } = yield* under(
        { kind: "hang", direction: "answer", afterwards: "pass" }
      )
      before.say("two")
      after.say("three")
      yield* Effect.sleep("200 millis")
      yield* proxy.heal
      assert.strictEqual(yield* before.heard(6), "onetwo")
      assert.strictEqual(yield* after.heard(5), "three")
    }))

  it.scopedLive("truncates answers", () =>
    Effect.gen(function*() {
      const { after } = yield* under({ kind: "truncate", bytes: 5 })
      after.say("0123456789")
      assert.strictEqual(yield* after.heard(100), "01234")
    }))
})

/** The status and body of a PUT, or how it failed; and what the server has got by then. */
const put = (fault: StoreFault | undefined) =>
  Effect.gen(function*() {
    const bodies: Array<string> = []
    const server = http.createServer((request, response) => {
      let body = ""
      request.on("data", (bytes) => body += String(bytes))
      request.on("end", () => {
        bodies.push(body)
        response.end("0123456789")
      })
    })
    const port = yield* listening(server, () => server.closeAllConnections())
    const proxy = yield* makeS3FaultProxy(`http://127.0.0.1:${port}`)
    if (fault !== undefined) yield* proxy.inject(fault)
    const answer = yield* Effect.promise(() =>
      fetch(`${proxy.endpoint}/key`, { method: "PUT", body: "the body" }).then(
        async (response) => `${response.status} ${await response.text()}`
      ).catch(() => "broken")
    )
    return { answer: answer.slice(0, 14), bodies }
  })

describe("the proxy in front of the store", () => {
  it.scopedLive("passes everything on, and fails as it is told", () =>
    Effect.gen(function*() {
      const every = 1
      assert.deepStrictEqual(yield* put(undefined), {
        answer: "200 0123456789",
        bodies: ["the body"]
      })
      assert.deepStrictEqual(yield* put({ kind: "refuse", every }), {
        answer: "broken",
        bodies: []
      })
      const slow = yield* put({ kind: "slowDown", every })
      assert.match(slow.answer, /^503/)
      assert.deepStrictEqual(slow.bodies, [])
      const lost = yield* put({ kind: "lostAnswer", every, instead: "500" })
      assert.match(lost.answer, /^500/)
      assert.deepStrictEqual(lost.bodies, ["the body"])
      assert.deepStrictEqual(yield* put({ kind: "lostAnswer", every, instead: "reset" }), {
        answer: "broken",
        bodies: ["the body"]
      })
      assert.deepStrictEqual(yield* put({ kind: "cutRequest", every, bytes: 3 }), {
        answer: "broken",
        bodies: []
      })
      assert.deepStrictEqual(yield* put({ kind: "cutAnswer", every, bytes: 3 }), {
        answer: "broken",
        bodies: ["the body"]
      })
    }))
})
