/** Positions in restored partitions on a real broker: found exactly, with few requests. */
import { assert, layer } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { locate, locateAll } from "../../streams/translate/Locate.ts"
import { makeSharedFetch } from "../../streams/translate/SharedFetch.ts"
import { RealKafka } from "../support/RealKafka.ts"
import { longRestored, roughRestored } from "../support/RestoredTopic.ts"
import { SharedStack } from "../support/SharedStack.ts"
import { restoredPosition } from "../support/TruePositions.ts"

const records = 1_000_000

/** Markers now and then, deleted stretches, and one wide gap. */
const sources = (() => {
  let source = -1
  return Array.from({ length: records }, (_, at) => {
    source += at === 700_000 ? 3_000_000 : at % 5000 === 4999 ? 800 : at % 100 === 99 ? 2 : 1
    return source
  })
})()

const lastSource = sources.at(-1) ?? 0

const Live = Layer.provideMerge(Layer.merge(RealKafka, TruthLayer), SharedStack)

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })(
  "positions in restored partitions",
  (it) => {
    it.scoped(
      "are found in a million records with few requests",
      () =>
        Effect.gen(function*() {
          const target = yield* longRestored(sources)
          const middle = sources[records / 2] ?? 0
          const inGap = (sources[700_000] ?? 0) - 1_000_000
          for (const wanted of [10, 0, middle, inGap, lastSource - 1, lastSource, lastSource + 9]) {
            const fetch = yield* makeSharedFetch
            const began = yield* Clock.currentTimeMillis
            const located = yield* locate(fetch, target, [BigInt(wanted)])
            const millis = (yield* Clock.currentTimeMillis) - began
            const { bytes, fetches } = fetch.stats()
            yield* Effect.log("position found").pipe(
              Effect.annotateLogs({ wanted, fetches, bytes, millis })
            )
            const at = sources.findIndex((source) => source >= wanted)
            const positions = at < 0 ? [] : [[BigInt(wanted), BigInt(at)] as const]
            assert.deepStrictEqual(located, {
              start: 0n,
              end: BigInt(records),
              last: { source: BigInt(lastSource), target: BigInt(records - 1) },
              afterLast: BigInt(records),
              positions: new Map(positions)
            })
            assert.isAtMost(fetches, 20)
          }
        }),
      { timeout: 120_000 }
    )

    it.scoped(
      "agree with what Kafka's own client reads, after transactions, compaction and deletion",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const topic = yield* roughRestored
          const read = yield* truth.consume([topic])
          const logs = yield* truth.offsets([topic])
          const wanted = Array.from({ length: 6000 }, (_, at) => BigInt(at))
          const targets = [0, 1].map((partition) => ({ target: { topic, partition }, wanted }))
          const fetch = yield* makeSharedFetch
          const located = yield* locateAll(fetch, targets)
          for (const { target } of targets) {
            const mine = read.filter(({ partition }) => partition === target.partition)
            const log = logs.find(({ partition }) => partition === target.partition)
            const found = yield* located.get(topicPartitionName(target)) ?? Effect.die("no answer")
            assert.isAbove(mine.length, 5)
            assert.deepInclude(found, {
              start: BigInt(log?.earliest ?? -1),
              end: BigInt(log?.stable ?? -1)
            })
            for (const source of wanted) {
              const expected = restoredPosition(mine, log, Number(source))
              const position = found.positions.get(source) ?? found.afterLast
              assert.strictEqual(Number(position), expected, `${target.partition}: ${source}`)
            }
            assert.isAbove(found.positions.size, 100)
            assert.isBelow(found.positions.size, wanted.length)
          }
        }),
      { timeout: 120_000 }
    )
  }
)
