/** Archive files that are damaged, misplaced or gone: their partitions stop, and all others go on. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { asOperated } from "../support/BadInput.ts"
import {
  complete,
  incomplete,
  planned,
  planPosition,
  restoreArgs,
  triesOf,
  untilFailed
} from "../support/BadRestores.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { putIntoBucket } from "../support/records/ArchiveView.ts"
import { fileBytes, recordsFrom } from "../support/RestoreHarness.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"
import {
  everything,
  fileKey,
  partitionsOf,
  putWhole,
  removeObject,
  restoredRuns,
  secondBlock,
  wholeFile
} from "../support/SickArchive.ts"

const Live = Layer.provideMerge(
  Layer.merge(TruthLayer, BundleLayer("bad-archive")),
  SharedStack
)

interface Fault {
  /** What is in the place of the second file; nothing when it is gone. */
  readonly bytes: (
    source: TopicPartition,
    whole: Buffer
  ) => Effect.Effect<Buffer | undefined, unknown>
  readonly restored: string
  /** About the damage; nothing when the file is gone. */
  readonly said: RegExp | undefined
}

const flipped = (whole: Buffer) =>
  Effect.map(secondBlock(whole), ({ end, start }) => {
    const bytes = Buffer.from(whole)
    const at = (start + end) >> 1
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at)
    return bytes
  })

/** Of partition 1, 2, …; partition 0 is whole. */
const faults: ReadonlyArray<Fault> = [
  {
    bytes: (_, whole) => flipped(whole),
    restored: "0-39",
    said: /^block at byte \d+: (Restored data doesn't match checksum|.*corrupt.*)$/i
  },
  {
    bytes: (_, whole) => Effect.map(secondBlock(whole), ({ end }) => whole.subarray(0, end)),
    restored: "0-49",
    said: /^the file holds 20 records, its header says 30$/
  },
  {
    bytes: (_, whole) => Effect.map(secondBlock(whole), ({ end }) => whole.subarray(0, end - 30)),
    restored: "0-39",
    said: /^block at byte \d+: the file ends inside it$/
  },
  {
    bytes: (_, whole) => Effect.succeed(whole.subarray(0, 100)),
    restored: "0-29",
    said: /^container: the container header is cut off$/
  },
  {
    bytes: () => Effect.succeed(Buffer.alloc(0)),
    restored: "0-29",
    said: /^container: the file is empty$/
  },
  {
    bytes: () => Effect.succeed(Buffer.from("<html>not found</html>")),
    restored: "0-29",
    said: /^container: the bytes do not start as an Avro object container$/
  },
  {
    bytes: ({ topic }) => wholeFile({ topic, partition: 0 }, 1),
    restored: "0-29",
    said: /^records: an archive file of sick-\w+-7 holds a record of sick-\w+-0$/
  },
  {
    bytes: ({ partition }) => wholeFile({ topic: "elsewhere", partition }, 1),
    restored: "0-29",
    said: /^records: an archive file of sick-\w+-8 holds a record of elsewhere-8$/
  },
  {
    bytes: (source) => fileBytes(recordsFrom(source, 35, 59)),
    restored: "0-29",
    said: /^records: its first record has the source offset 35, its key says 30$/
  },
  { bytes: () => Effect.succeed(undefined), restored: "0-29", said: undefined }
]

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a bad archive file", (it) => {
  it.scoped(
    "stops its own partition, is named, and once it is repaired all is there",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const place = yield* workplace
        const topic = unique("sick")
        const sources = partitionsOf(topic, faults.length + 1)
        const planTopic = unique("plan")
        const once = { planTopic, targetPrefix: "once.", group: unique("once") }
        const forever = { planTopic, targetPrefix: "forever.", group: unique("forever") }
        const targets = [`once.${topic}`, `forever.${topic}`]
        yield* putWhole(place.prefix, sources)
        yield* truth.createTopics(
          targets.map((target) => ({ topic: target, partitions: sources.length }))
        )
        const plan = yield* planned(place, planTopic, `^${topic}$`)
        assert.lengthOf(plan, sources.length * 3)
        for (const [at, { bytes }] of faults.entries()) {
          const source = { topic, partition: at + 1 }
          const key = fileKey(place.prefix, source, 1)
          const content = yield* bytes(source, yield* wholeFile(source, 1))
          yield* content === undefined
            ? removeObject(key)
            : putIntoBucket([{ key, bytes: content }])
        }

        const running = yield* place.run(restoreArgs(forever), asOperated)
        const failures = yield* incomplete(place, once)
        assert.strictEqual(failures.size, faults.length)
        for (const [at, { said }] of faults.entries()) {
          const failure = failures.get(`once.${topic}-${at + 1}`)
          const key = fileKey(place.prefix, { topic, partition: at + 1 }, 1)
          assert.strictEqual(failure?.file, key)
          const reason = failure?.reason ?? ""
          const [front = "", back] = reason.split("; ")
          if (said === undefined) {
            assert.strictEqual(
              reason,
              "the archive file is not in the archive any more; put it back"
            )
            continue
          }
          assert.match(front.replace("the archive file cannot be restored: ", ""), said)
          assert.strictEqual(back, "put an intact copy in its place")
        }
        const first = plan.indexOf(fileKey(place.prefix, { topic, partition: 1 }, 1))
        assert.strictEqual(yield* planPosition(once), first)
        yield* untilFailed(running, faults.length)
        const sick = (target: string) => [
          [`${target}-0`, everything],
          ...faults.map(({ restored }, at) => [`${target}-${at + 1}`, restored])
        ]
        assert.deepStrictEqual(
          yield* restoredRuns(targets),
          Object.fromEntries(targets.flatMap(sick).sort())
        )
        yield* running.until(
          "it does not try again",
          Effect.sync(() => triesOf(running, `forever.${topic}`, 1) > 1)
        )
        assert.strictEqual(yield* planPosition(forever), first)

        yield* putWhole(place.prefix, sources)
        yield* complete(place, once)
        assert.strictEqual(yield* planPosition(once), plan.length)
        yield* untilFailed(running, 0)
        const whole = (target: string) =>
          sources.map(({ partition }) => [`${target}-${partition}`, everything])
        assert.deepStrictEqual(
          yield* restoredRuns(targets),
          Object.fromEntries(targets.flatMap(whole).sort())
        )
        assert.strictEqual((yield* running.stop("SIGTERM")).code, 0)
        assert.strictEqual(yield* planPosition(forever), plan.length)
      }),
    240_000
  )
})
