/** Clusters that cannot be used, as the three commands tell of them. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { badServer, refused } from "../support/BadInput.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { putIntoBucket } from "../support/records/ArchiveView.ts"
import { SharedStack } from "../support/SharedStack.ts"

const Live = Layer.provideMerge(BundleLayer("bad-input-kafka"), SharedStack)

/** Runs on two cores at once. */
const together = { concurrency: 4 }

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a bad cluster", (it) => {
  it.scoped(
    "is named by each command, with what to check",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const key = `${place.prefix}/orders/0/orders-0-0000000000000000000.avro`
        yield* putIntoBucket([{ key, bytes: Buffer.from("never read") }])
        const resets = yield* badServer((socket) =>
          socket.once("data", () => socket.resetAndDestroy())
        )
        const closes = yield* badServer((socket) => socket.end())
        const silent = yield* badServer(() => {})
        const backup = "topics-backup"
        const plan = "topics-plan-restore"
        const restore = "topics-restore"
        const check = "check -brokers [env KAFKA_BROKERS], the network, and that the brokers are up"
        const capital = `C${check.slice(1)}`
        const nobody = `Kafka cannot be reached: connect ECONNREFUSED 127.0.0.1:1; ${check}`
        const reset = `Kafka cannot be reached at ${resets}: read ECONNRESET; ${check}`
        // The one that takes longest comes first.
        const cases = [
          [
            restore,
            silent,
            `Kafka cannot be reached at ${silent}: no answer within 10000 ms; ` +
            `does this listener expect TLS? ${capital}`
          ],
          [backup, "127.0.0.1:1", nobody],
          [plan, "127.0.0.1:1", nobody],
          [restore, "127.0.0.1:1", nobody],
          [backup, resets, reset],
          [plan, resets, reset],
          [restore, resets, reset],
          [
            restore,
            "127.0.0.1:1,127.0.0.1:2",
            "Kafka cannot be reached at 127.0.0.1:1, 127.0.0.1:2: " +
            `connect ECONNREFUSED 127.0.0.1:2; ${check}`
          ],
          [
            backup,
            "nowhere.invalid:9092",
            `Kafka cannot be reached at nowhere.invalid:9092: getaddrinfo ENOTFOUND nowhere.invalid; ${check}`
          ],
          [
            restore,
            "srv.invalid",
            "Kafka cannot be reached: querySrv ENOTFOUND _kafka._tcp.srv.invalid; " +
            "check -brokersDNSSrv [env KAFKA_BROKERS_DNS_SRV], the network, and that the brokers are up"
          ],
          [
            plan,
            closes,
            `Kafka cannot be reached at ${closes}: the connection was closed unanswered; ` +
            `does this listener expect TLS? ${capital}`
          ]
        ] as const
        yield* Effect.forEach(cases, ([command, brokers, problem], at) =>
          Effect.map(
            refused(place, [command, "-once"], {
              [brokers.includes("srv") ? "KAFKA_BROKERS_DNS_SRV" : "KAFKA_BROKERS"]: brokers,
              WORKING_DIR: place.file(`working-${at}`)
            }),
            (said) => assert.strictEqual(said, problem)
          ), together)
      }),
    240_000
  )
})
