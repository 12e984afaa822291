/** A restore that stands still for a while, and what it had on its way then: it comes too late. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { readFileSync } from "node:fs"
import { freePort } from "../../dev/stack/Ports.ts"
import { Stack, StackAddresses, StackLayer } from "../../dev/stack/Stack.ts"
import { compareRestored } from "../../dev/truth/Compare.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import type { Command } from "../support/CommandLine.ts"
import { BundleLayer, NotSeen, workplace } from "../support/CommandLine.ts"
import { expireSession, share } from "../support/GroupWatch.ts"
import type { HoldingProxy } from "../support/HoldingProxy.ts"
import { makeHoldingProxy } from "../support/HoldingProxy.ts"
import { plannedArchive } from "../support/PlannedArchive.ts"
import { RealKafka } from "../support/RealKafka.ts"

const planPartitions = 3

const proxyPort = Effect.runSync(Effect.cached(freePort))

/** What is told of the brokers leads around the proxy; only who begins with it stays with it. */
const direct = Layer.effect(
  StackAddresses,
  Effect.map(Stack, ({ addresses }) => ({ ...addresses, brokers: addresses.internalBrokers }))
)

const Live = Layer.mergeAll(TruthLayer, RealKafka, BundleLayer("stopped-replica")).pipe(
  Layer.provideMerge(direct),
  Layer.provideMerge(Layer.unwrapEffect(
    Effect.map(proxyPort, (port) => StackLayer({ advertisedPorts: [port] }))
  ))
)

const newProxy = Effect.gen(function*() {
  const { nodes: [node] } = yield* Stack
  const port = yield* proxyPort
  return yield* makeHoldingProxy(port, node?.address.port ?? 0)
})

const said = ({ log }: Command, text: string): number =>
  log().filter(({ msg }) => msg === text).length

const isStopped = ({ child }: Command) =>
  Effect.sync(() => /\) T/.test(readFileSync(`/proc/${child.pid}/stat`, "utf8")))

const stand = (replica: Command) =>
  Effect.zipRight(
    Effect.sync(() => replica.child.kill("SIGSTOP")),
    replica.until("it does not stand still", isStopped(replica))
  )

const goOn = (replica: Command) => Effect.sync(() => replica.child.kill("SIGCONT"))

const until = (what: string, holds: () => boolean) =>
  Effect.sync(holds).pipe(
    Effect.zipLeft(Effect.sleep("50 millis")),
    Effect.repeat({ until: (yes) => yes }),
    Effect.timeoutFail({
      duration: "60 seconds",
      onTimeout: () => new NotSeen({ message: `${what} never came to be` })
    })
  )

/** Produce requests are in the proxy when the replica stops. */
const withHeldRequests = (replica: Command, proxy: HoldingProxy) =>
  Effect.gen(function*() {
    yield* until("requests in the proxy", () => proxy.held() >= 5)
    yield* stand(replica)
    yield* until("an answer to all others", () => proxy.unanswered() === 0)
  })

/**
 * The replica stops in the middle of writing a produce request: everything that had left it has
 * arrived, and it has the rest. Tried until it comes out like this.
 */
const withBytesOfItsOwn = (replica: Command, proxy: HoldingProxy) =>
  Effect.gen(function*() {
    yield* until("a full socket", () => proxy.mode() === "stall")
    yield* Effect.sleep("500 millis")
    yield* stand(replica)
    yield* proxy.set("pass")
    let before = -1
    while (before !== proxy.received() || proxy.unanswered() > 0) {
      before = proxy.received()
      yield* Effect.sleep("500 millis")
    }
    if (proxy.midProduce()) return true
    yield* proxy.set("stall")
    yield* goOn(replica)
    return false
  }).pipe(
    Effect.repeat({ until: (done) => done, times: 20 }),
    Effect.filterOrFail(
      (done) => done,
      () => new NotSeen({ message: "it never stopped in the middle of a request" })
    )
  )

interface Variant {
  readonly name: string
  readonly mode: "hold" | "stall"
  readonly requests: number
  readonly rounds: number
  readonly partitions: ReadonlyArray<number>
  readonly valueBytes: number
  readonly stop: (replica: Command, proxy: HoldingProxy) => Effect.Effect<unknown, NotSeen>
}

const variants: ReadonlyArray<Variant> = [
  {
    name: "with bytes in its socket",
    mode: "hold",
    requests: 100,
    partitions: [4, 2],
    rounds: 6,
    valueBytes: 300,
    stop: withHeldRequests
  },
  {
    name: "in the middle of writing to its socket",
    mode: "stall",
    requests: 4,
    partitions: [6],
    rounds: 2,
    valueBytes: 250_000,
    stop: withBytesOfItsOwn
  }
]

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a restore", (it) => {
  for (const { mode, name, requests, stop, ...archive } of variants) {
    it.scoped(
      `that is stopped ${name}, and continued after another has taken over, writes nothing more`,
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const place = yield* workplace
          const proxy = yield* newProxy
          const plan = yield* plannedArchive(place, { ...archive, planPartitions })
          const source = yield* truth.consume(plan.names)
          const targets = truth.consume(plan.targets, { isolation: "read_uncommitted" })

          yield* proxy.after(requests, mode)
          const viaProxy = { KAFKA_BROKERS: `127.0.0.1:${yield* proxyPort}` }
          const one = yield* place.run(plan.restore, viaProxy)
          yield* stop(one, proxy)
          const stoppedAt = Date.now()
          const inTime = proxy.verdicts().length
          const some = yield* targets
          assert.isAbove(some.length, 0)
          assert.isBelow(some.length, source.length)

          const two = yield* place.run(plan.restore)
          yield* expireSession(place.group, one)
          yield* two.until("it gets no plan", Effect.sync(() => share(two) === planPartitions))
          yield* two.said("everything planned so far is restored")
          assert.deepStrictEqual(
            compareRestored(source, yield* targets, plan.targetPrefix).slice(0, 20),
            []
          )

          const joined = said(one, "group joined")
          yield* proxy.set("pass")
          if (mode === "hold") {
            yield* until("an answer to what was held", () => proxy.unanswered() === 0)
          }
          yield* goOn(one)
          yield* one.until(
            "it does not learn that it has lost the plan",
            Effect.sync(() => said(one, "group joined") > joined)
          )
          yield* one.until(
            "it gets no share",
            Effect.sync(() => share(one) > 0 && share(one) + share(two) === planPartitions)
          )
          const late = proxy.verdicts().slice(inTime)
          const inVain = Date.now() - stoppedAt > 25_000
          for (const replica of [one, two]) {
            assert.strictEqual((yield* replica.stop("SIGTERM")).code, 0)
          }
          assert.deepStrictEqual(
            compareRestored(source, yield* targets, plan.targetPrefix).slice(0, 20),
            []
          )
          // A client gives up a connection whose answers are half a minute late.
          if (mode === "hold" || !inVain) assert.isAbove(late.length, 0)
          assert.deepStrictEqual(late.filter((verdict) => verdict !== "INVALID_PRODUCER_EPOCH"), [])
        }),
      180_000
    )
  }
})
