/** The built program brings topics and groups back in one go, on a real cluster. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, NotSeen, workplace } from "../support/CommandLine.ts"
import { committed } from "../support/records/Keeper.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"

const Live = Layer.provideMerge(
  Layer.merge(TruthLayer, BundleLayer("restore")),
  SharedStack
)

const succeeds = (place: Workplace, args: ReadonlyArray<string>) =>
  Effect.filterOrFail(
    place.finish(args),
    ({ code }) => code === 0,
    ({ stderr, stdout }) => new NotSeen({ message: `${args[0]} failed: ${stdout}\n${stderr}` })
  )

const now = Date.now()

/** Time goes on with the offset, but for a late record and one from the future. */
const timestampOf = (at: number): number =>
  at === 12 ? now - 90_000 : at === 3 ? now + 60_000 : now - 100_000 + at * 1000

/** A topic of two partitions, backed up in three files each, and a group in the middle of it. */
const backedUp = (place: Workplace) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const [group, topic] = [unique("readers"), unique("orders")]
    yield* truth.createTopics([{ topic, partitions: 2 }])
    const backup = ["topics-backup", "-topics-regex", `^${topic}$`, "-once", "-working-dir"]
    for (const from of [0, 10, 20]) {
      yield* truth.produce(
        [0, 1].flatMap((partition) =>
          Array.from({ length: 10 }, (_, at) => ({
            topic,
            partition,
            key: "aa",
            value: "bb",
            timestamp: timestampOf(from + at)
          }))
        )
      )
      yield* succeeds(place, [...backup, place.file("buffer")])
    }
    yield* truth.commitGroup(group, [
      { topic, partition: 0, offset: 17, metadata: "here" },
      { topic, partition: 1, offset: 28, metadata: "" }
    ])
    const location = `${unique("groups")}.avro`
    yield* succeeds(place, ["consumer-groups-backup", "-s3-location", location, "-once"])
    return { topic, group, location }
  })

layer(Live, { excludeTestServices: true, timeout: "4 minutes" })("restore", (it) => {
  it.scoped(
    "names what is in the way, and then brings back topics and groups, once",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const place = yield* workplace
        const { group, location, topic } = yield* backedUp(place)
        const prefix = `${unique("back")}.`
        const target = `${prefix}${topic}`
        const args = [
          "restore",
          "-restore-topics-regex",
          `^${topic}$`,
          "-restore-topic-prefix",
          prefix,
          "-s3-location",
          location
        ]

        const refused = yield* place.finish(args)
        assert.strictEqual(refused.code, 1)
        assert.match(refused.stdout, new RegExp(`missing +${target} `))
        assert.include(refused.stderr, "nothing was written")

        yield* truth.createTopics([
          { topic: target, partitions: 1, configs: { "retention.ms": "1000" } }
        ])
        const narrow = yield* place.finish([...args, "-dry-run"])
        assert.strictEqual(narrow.code, 1)
        assert.match(narrow.stdout, /^partitions /m)
        assert.match(narrow.stdout, /^retention /m)

        const wide = `wide.${target}`
        yield* truth.createTopics([{ topic: wide, partitions: 2 }])
        const right = [...args]
        right[4] = `wide.${prefix}`
        const dry = yield* succeeds(place, [...right, "-dry-run"])
        assert.match(dry.stdout, /1 topic, 6 files, .*60 records/)
        assert.lengthOf(yield* committed([wide]), 0)

        const done = yield* succeeds(place, right)
        assert.match(done.stdout, new RegExp(`${group} .*${wide}`))
        assert.match(done.stdout, /60 records restored in this run/)
        const restored = yield* committed([wide])
        assert.deepStrictEqual(
          restored.map(({ partition, timestamp }) => [partition, timestamp]).sort(),
          (yield* committed([topic])).map(({ partition, timestamp }) => [partition, timestamp])
            .sort()
        )
        const positions = yield* truth.groupOffsets(group)
        const place0 = positions.find((each) => each.topic === wide && each.partition === 0)
        const next = restored.find(({ offset, partition }) =>
          partition === 0 && offset === place0?.offset
        )
        assert.strictEqual(next?.timestamp, timestampOf(17))
        assert.strictEqual(place0?.metadata, "here")

        const again = yield* succeeds(place, right)
        assert.match(again.stdout, /0 records restored in this run/)
        assert.lengthOf(yield* committed([wide]), 60)
      }),
    120_000
  )

  it.scoped(
    "creates what is missing as it was",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { topic } = yield* backedUp(place)
        const prefix = `${unique("created")}.`
        const args = ["restore", "-restore-topics-regex", `^${topic}$`, "-restore-topic-prefix"]
        const created = [...args, prefix, "-create-topics", "-topic-config", "retention.ms=-1"]
        const dry = yield* succeeds(place, [...created, "-dry-run"])
        assert.include(dry.stdout, "missing")
        yield* succeeds(place, created)
        const restored = yield* committed([`${prefix}${topic}`])
        assert.lengthOf(restored, 60)
        assert.deepStrictEqual(new Set(restored.map(({ partition }) => partition)), new Set([0, 1]))
      }),
    120_000
  )

  it.scoped(
    "brings back one instant, exactly by record, under other names",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const place = yield* workplace
        const { topic } = yield* backedUp(place)
        const target = unique("instant")
        yield* truth.createTopics([{ topic: target, partitions: 2 }])
        const [from, to] = [now - 95_000, now - 78_000]
        yield* succeeds(place, [
          "restore",
          "-restore-topics-regex",
          `^${topic}$`,
          "-rename",
          `${topic}=${target}`,
          "-from-time",
          String(from),
          "-to-time",
          new Date(to).toISOString(),
          "-to-offset",
          `${topic}:1=15`
        ])
        const wanted = (yield* committed([topic])).filter(({ offset, partition, timestamp }) =>
          timestamp >= from && timestamp < to && (partition === 0 || offset < 15)
        )
        const times = (records: ReadonlyArray<TrueRecord>) =>
          records.map(({ partition, timestamp }) => [partition, timestamp])
            .toSorted(([p = 0, a = 0], [q = 0, b = 0]) => p - q || a - b)
        assert.isAbove(wanted.length, 20)
        assert.deepStrictEqual(times(yield* committed([target])), times(wanted))
      }),
    120_000
  )
})
