/** The independent witness sees what it was told to produce, in every shape that tests need. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { realTime } from "../../dev/stack/RealTime.ts"
import { javaMember } from "../../dev/truth/GroupMember.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"

const Live = Layer.provideMerge(TruthLayer, SharedStack)

layer(Live, { timeout: "5 minutes" })("the independent witness", (it) => {
  it.effect("interleaves transactions and sees only what was committed", () =>
    Effect.gen(function*() {
      const truth = yield* Truth
      const topic = unique("tx")
      const [one, two] = [unique("one"), unique("two")]
      const record = (tx: string, key: string) => ({ topic, partition: 0, tx, key, value: null })
      yield* truth.createTopics([{ topic, partitions: 1 }])
      const places = yield* truth.produce([
        { begin: one },
        { begin: two },
        record(one, "01"),
        record(two, "00000000"),
        record(one, "02"),
        { abort: two },
        { commit: one }
      ])
      assert.deepStrictEqual(places, [[topic, 0, 0], [topic, 0, 1], [topic, 0, 2]])
      const committed = yield* truth.consume([topic])
      assert.deepStrictEqual(committed.map(({ key, offset }) => [offset, key]), [[0, "01"], [
        2,
        "02"
      ]])
      const all = yield* truth.consume([topic], { isolation: "read_uncommitted" })
      assert.deepStrictEqual(all.map(({ key }) => key), ["01", "00000000", "02"])
      const [offsets] = yield* truth.offsets([topic])
      assert.deepStrictEqual(offsets, { topic, partition: 0, earliest: 0, latest: 5, stable: 5 })
    }))

  it.effect("keeps headers, nulls, timestamps and large values", () =>
    Effect.gen(function*() {
      const truth = yield* Truth
      const topic = unique("shapes")
      const headers = [["h", "00"], ["h", null], ["", ""], ["é", "ff"]] as const
      yield* truth.createTopics([{ topic, partitions: 2 }])
      yield* truth.produce([
        { topic, partition: 0, key: "", value: null, headers, timestamp: 5 },
        { topic, partition: 1, value: { size: 12_000_000, seed: 1 } }
      ], { "compression.type": "zstd" })
      const records = yield* truth.consume([topic])
      const small = records.find(({ partition }) => partition === 0)
      assert.deepStrictEqual(small, {
        topic,
        partition: 0,
        offset: 0,
        timestamp: 5,
        timestampType: "CreateTime",
        key: "",
        value: null,
        headers
      })
      const large = records.find(({ partition }) => partition === 1)
      assert.strictEqual(large?.key, null)
      assert.propertyVal(large?.value, "length", 12_000_000)
    }))

  it.effect("fails with Kafka's own error", () =>
    Effect.gen(function*() {
      const truth = yield* Truth
      const error = yield* Effect.flip(truth.describeTopics([unique("missing")]))
      assert.include(error.message, "UnknownTopicOrPartition")
    }))

  it.scoped("joins a group and leaves it", () =>
    Effect.gen(function*() {
      const truth = yield* Truth
      const topic = unique("group")
      yield* truth.createTopics([{ topic, partitions: 2 }])
      yield* truth.produce([{ topic, partition: 1, value: "00" }])
      const member = yield* javaMember({ group: unique("group"), topics: [topic] })
      const waitFor = (count: number) =>
        member.records.pipe(
          Effect.zipLeft(Effect.sleep("100 millis")),
          Effect.repeat({ until: (records) => records.length === count }),
          Effect.timeout("20 seconds"),
          realTime
        )
      yield* waitFor(1)
      assert.deepStrictEqual(yield* member.owned, [`${topic}-0`, `${topic}-1`])
      yield* member.pause
      yield* member.resume
      yield* member.leave
      const events = yield* member.events
      assert.deepStrictEqual(events.map(({ event }) => event), ["assigned", "revoked"])
    }))
})
