/** The built program raises retention for the time of a restore, and puts it back after a crash too. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { RealKafka } from "../support/RealKafka.ts"
import { bucketFiles } from "../support/records/ArchiveView.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"

const Live = Layer.provideMerge(
  Layer.mergeAll(TruthLayer, BundleLayer("restore-hold"), RealKafka),
  SharedStack
)

const anHourAgo = Date.now() - 3_600_000
const short = { "retention.ms": "1000" }
const records = 60

const ends = (place: Workplace, args: ReadonlyArray<string>, code: number) =>
  Effect.tap(
    place.finish(args),
    (finished) => assert.strictEqual(finished.code, code, finished.stdout + finished.stderr)
  )

/** What the topic has of its own, and the keys of the notes that say what it was. */
const state = (place: Workplace, topic: string) =>
  Effect.gen(function*() {
    const overrides = yield* (yield* Kafka).topicOverrides([topic])
    const notes = yield* bucketFiles(`${place.prefix}.meta/retention/`)
    return { own: overrides.get(topic), notes: notes.length }
  })

/** Old records in the archive, and a target that would delete them as they arrive. */
const old = (place: Workplace) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const topic = unique("old")
    const target = `back.${topic}`
    yield* truth.createTopics([
      { topic, partitions: 1 },
      { topic: target, partitions: 1, configs: short }
    ])
    yield* truth.produce(
      Array.from({ length: records }, (_, at) => ({
        topic,
        partition: 0,
        value: { size: 1000, seed: at },
        timestamp: anHourAgo + at
      })),
      { "batch.size": "1000" }
    )
    const only = `^${topic}$`
    yield* ends(
      place,
      ["topics-backup", "-topics-regex", only, "-once", "-working-dir", place.file("buffer")],
      0
    )
    const args = ["restore", "-restore-topics-regex", only, "-restore-topic-prefix", "back."]
    return { target, args, hold: [...args, "-hold-retention"] }
  })

/** Begins a restore that takes a minute, and kills it while it holds retention. */
const killed = (place: Workplace, hold: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const restore = yield* place.run([...hold, "-max-bytes-per-second", "1000"])
    yield* restore.said("retention is held until all is restored")
    yield* restore.stop("SIGKILL")
  }))

const held = { "retention.ms": "-1", "retention.bytes": "-1" }

layer(Live, { excludeTestServices: true, timeout: "4 minutes" })(
  "restore -hold-retention",
  (it) => {
    it.scoped(
      "puts retention back when all is restored, compared and still there",
      () =>
        Effect.gen(function*() {
          const place = yield* workplace
          const { args, hold, target } = yield* old(place)
          const refused = yield* ends(place, args, 1)
          assert.match(refused.stdout, new RegExp(`^retention +${target} `, "m"))
          const dry = yield* ends(place, [...hold, "-dry-run"], 0)
          assert.match(dry.stdout, new RegExp(`^retention +${target} `, "m"))
          assert.deepStrictEqual(yield* state(place, target), { own: short, notes: 0 })
          const done = yield* ends(place, hold, 0)
          assert.include(done.stdout, `${records} records restored in this run`)
          assert.include(done.stderr, "brokers delete records that are older")
          assert.deepStrictEqual(yield* state(place, target), { own: short, notes: 0 })
        }),
      120_000
    )

    it.scoped("goes on after SIGKILL, and puts it back then", () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { hold, target } = yield* old(place)
        yield* killed(place, hold)
        assert.deepStrictEqual(yield* state(place, target), { own: held, notes: 1 })
        yield* ends(place, hold, 0)
        assert.deepStrictEqual(yield* state(place, target), { own: short, notes: 0 })
      }), 120_000)

    it.scoped(
      "is put back at the start of one that does not hold it",
      () =>
        Effect.gen(function*() {
          const place = yield* workplace
          const { args, hold, target } = yield* old(place)
          yield* killed(place, hold)
          const dry = yield* ends(place, [...args, "-dry-run"], 0)
          assert.include(dry.stderr, "an earlier restore holds retention")
          assert.deepStrictEqual(yield* state(place, target), { own: held, notes: 1 })
          const refused = yield* ends(place, args, 1)
          assert.match(refused.stdout, new RegExp(`^retention +${target} `, "m"))
          assert.include(refused.stderr, "retention that an earlier restore holds is put back")
          assert.deepStrictEqual(yield* state(place, target), { own: short, notes: 0 })
        }),
      120_000
    )

    it.scoped("stays held, and says so, when it is stopped", () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { hold, target } = yield* old(place)
        const restore = yield* place.run([...hold, "-max-bytes-per-second", "1000"])
        yield* restore.said("retention is held until all is restored")
        const { stderr } = yield* restore.stop("SIGINT")
        assert.include(stderr, "retention stays held")
        assert.deepStrictEqual(yield* state(place, target), { own: held, notes: 1 })
        yield* ends(place, hold, 0)
        assert.deepStrictEqual(yield* state(place, target), { own: short, notes: 0 })
      }), 120_000)

    it.scoped(
      "holds what is created with a retention that is too short",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const place = yield* workplace
          const { hold, target } = yield* old(place)
          yield* truth.deleteTopics([target])
          const create = [...hold, "-create-topics", "-topic-config", "retention.ms=1000"]
          const done = yield* ends(place, create, 0)
          assert.include(done.stdout, `${records} records restored in this run`)
          const { notes, own } = yield* state(place, target)
          assert.deepInclude(own, short)
          assert.isUndefined(own?.["retention.bytes"])
          assert.strictEqual(notes, 0)
        }),
      120_000
    )
  }
)
