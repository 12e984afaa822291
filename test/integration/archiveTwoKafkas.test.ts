/** Two real clusters that write under one prefix, and are restored each from its own generation. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { makeCluster } from "../../dev/stack/KafkaCluster.ts"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { makeWatchdog } from "../../dev/stack/Watchdog.ts"
import { compareRestored } from "../../dev/truth/Compare.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { bucketFiles, identity } from "../support/records/ArchiveView.ts"
import { committed, createTargets, live, makeKeeper } from "../support/records/Keeper.ts"
import { hex, range } from "../support/records/Shapes.ts"
import { unique } from "../support/SharedStack.ts"

/** A second broker that is a cluster of its own; the S3 server is that of the shared stack. */
const SecondKafka = Layer.scoped(
  StackAddresses,
  Effect.gen(function*() {
    const shared = yield* StackAddresses
    const { brokers, clusterId, internalBrokers } = yield* makeCluster(yield* makeWatchdog, {
      libs: shared.libs,
      brokers: 1,
      heap: "512m",
      machine: "quick",
      security: "PLAINTEXT",
      brokerConfig: {},
      advertisedPorts: []
    })
    return { ...shared, brokers, clusterId, internalBrokers }
  })
)

const Live = live("two-kafkas")

/** A topic of that name in the cluster at hand, with records that name the cluster. */
const makeSide = (name: string, topic: string, flags: { readonly "s3-prefix": string }) =>
  Effect.gen(function*() {
    const here = yield* Effect.context<StackAddresses | Truth>()
    const truth = yield* Truth
    const keeper = yield* makeKeeper()
    yield* truth.createTopics([{ topic, partitions: 2 }])
    let written = 0
    const produce = (count: number) =>
      truth.produce(
        range(count).map((at) => ({
          topic,
          partition: at % 2,
          key: hex(`${name} ${at}`),
          value: hex(`value ${++written} of ${name}`)
        }))
      )
    const [found] = yield* truth.describeTopics([topic])
    const topicId = found?.topicId ?? ""
    const restored = (generation: string) =>
      Effect.gen(function*() {
        const [plan, target] = [unique("plan"), `${unique("restored")}.`]
        yield* createTargets([{ topic, partitions: 2 }], target)
        yield* keeper.plan(plan, [topic], { ...flags, generation })
        yield* keeper.restore(plan, {
          "group-id": unique("restore"),
          "restore-topic-prefix": target
        })
        const wanted = yield* committed([topic])
        assert.isAbove(wanted.length, 0)
        assert.deepStrictEqual(
          compareRestored(wanted, yield* committed([`${target}${topic}`]), target),
          []
        )
      }).pipe(Effect.provide(here))
    return { topicId, produce, backup: keeper.backup([topic], flags), restored }
  })

layer(Live, { excludeTestServices: true, timeout: "3 minutes" })("two real clusters", (it) => {
  it.scoped(
    "write under one prefix, and each gets its own records back",
    () =>
      Effect.gen(function*() {
        const second = Layer.provideMerge(TruthLayer, SecondKafka)
        const there = yield* Layer.build(second)
        const topic = unique("orders")
        const prefix = unique("shared")
        const flags = { "s3-prefix": prefix }
        const west = yield* makeSide("west", topic, flags)
        const east = yield* Effect.provide(makeSide("east", topic, flags), there)
        assert.notStrictEqual(
          Context.get(there, StackAddresses).clusterId,
          (yield* StackAddresses).clusterId
        )

        yield* west.produce(40)
        yield* west.backup
        let before = yield* bucketFiles(prefix)
        const unchanged = Effect.gen(function*() {
          const now = new Map(identity(yield* bucketFiles(prefix)).map((each) => [each[0], each]))
          for (const each of identity(before)) assert.deepStrictEqual(now.get(each[0]), each)
          before = yield* bucketFiles(prefix)
        })
        for (const count of [30, 25]) {
          yield* Effect.all([west.produce(count), east.produce(count + 3)])
          yield* Effect.all([west.backup, east.backup], { concurrency: 2 })
          yield* unchanged
        }
        const roots = [`${prefix}/`, `${prefix}.generations/${east.topicId}/`]
        for (const { key } of before.filter(({ key }) => key.endsWith(".avro"))) {
          assert.isTrue(roots.some((root) => key.startsWith(root)), key)
        }
        yield* west.restored(west.topicId)
        yield* east.restored(east.topicId)
        yield* unchanged
      }),
    170_000
  )
})
