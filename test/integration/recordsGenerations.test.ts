/** A topic that was deleted and recreated is in the archive twice, and neither life harms the other. */
import { assert, layer } from "@effect/vitest"
import { Data, Effect } from "effect"
import { compareRestored } from "../../dev/truth/Compare.ts"
import type { ProduceLine } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import type { StoredFile } from "../support/records/ArchiveView.ts"
import { archiveFiles, directoryFiles, identity } from "../support/records/ArchiveView.ts"
import { coverages, misfits } from "../support/records/Coverage.ts"
import { committed, createTargets, live, makeKeeper } from "../support/records/Keeper.ts"
import { hex, range } from "../support/records/Shapes.ts"
import { unique } from "../support/SharedStack.ts"

const Live = live("records-generations")

/** Some in every partition; a transaction among them, so that markers are left. */
const lives = (topic: string, life: string, count: number, partitions: number) => {
  const tx = unique("tx")
  const record = (at: number) => ({
    topic,
    partition: at % partitions,
    key: hex(`${life} ${at}`),
    value: hex(`value ${at} of ${life}`)
  })
  const lines: ReadonlyArray<ProduceLine> = [
    ...range(count).map(record),
    { begin: tx },
    ...range(count).map((at) => ({ ...record(at), tx })),
    { commit: tx }
  ]
  return lines
}

const describe = (topic: string) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const [found] = yield* truth.describeTopics([topic])
    const offsets = yield* truth.offsets([topic])
    return { topicId: found?.topicId ?? "", offsets, records: yield* committed([topic]) }
  })

const tiles = (
  files: ReadonlyArray<StoredFile>,
  { offsets }: Effect.Effect.Success<ReturnType<typeof describe>>
) =>
  Effect.map(coverages(files), (partitions) => {
    for (const { partition, stable } of offsets) {
      assert.deepStrictEqual(misfits(partitions.get(partition) ?? [], 0, stable), [])
    }
  })

class NotBuffered extends Data.TaggedError("NotBuffered")<{ readonly message: string }> {}

/** Waits until the disk buffer holds so many records. */
const buffered = (directory: string, records: number) =>
  directoryFiles(`${directory}/.kafka-data-keep/buffer`).pipe(
    Effect.flatMap(coverages),
    Effect.map((all) => [...all.values()].flat().reduce((sum, file) => sum + file.records, 0)),
    // A file may be seen while it is made.
    Effect.catchAllCause(() => Effect.succeed(0)),
    Effect.zipLeft(Effect.sleep("100 millis")),
    Effect.repeat({ until: (count) => count === records }),
    Effect.timeoutFail({
      duration: "30 seconds",
      onTimeout: () => new NotBuffered({ message: `${records} records are not in the buffer` })
    })
  )

layer(Live, { excludeTestServices: true, timeout: "3 minutes" })("two lives of a topic", (it) => {
  it.scoped(
    "both are complete in the archive, and each is restored exactly",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const keeper = yield* makeKeeper()
        const topic = unique("reborn")

        yield* truth.createTopics([{ topic, partitions: 3 }])
        yield* truth.produce(lives(topic, "first", 60, 3))
        const first = yield* describe(topic)
        yield* keeper.backup([topic])
        const firstFiles = yield* archiveFiles(`${keeper.prefix}/`)

        yield* truth.deleteTopics([topic])
        yield* truth.createTopics([{ topic, partitions: 2 }])
        yield* truth.produce(lives(topic, "second", 90, 2))
        const second = yield* describe(topic)
        assert.notStrictEqual(second.topicId, first.topicId)
        yield* keeper.backup([topic])
        yield* keeper.backup([topic])

        const later = `${keeper.prefix}.generations/${second.topicId}`
        const secondFiles = yield* archiveFiles(`${later}/`)
        assert.deepStrictEqual(
          identity(yield* archiveFiles(`${keeper.prefix}/`)),
          identity(firstFiles)
        )
        const all = yield* archiveFiles(keeper.prefix)
        assert.strictEqual(all.length, firstFiles.length + secondFiles.length)
        yield* tiles(firstFiles, first)
        yield* tiles(secondFiles, second)

        const generations = [
          { generation: "first", target: "first.", ...first, partitions: 3 },
          { generation: "newest", target: "second.", ...second, partitions: 2 },
          { generation: first.topicId, target: "third.", ...first, partitions: 3 }
        ]
        for (const { generation, partitions, records, target } of generations) {
          const planTopic = unique("plan")
          yield* createTargets([{ topic, partitions }], target)
          yield* keeper.plan(planTopic, [topic], { generation })
          yield* keeper.restore(planTopic, {
            "restore-topic-prefix": target,
            "group-id": unique("restore")
          })
          const restored = yield* committed([`${target}${topic}`])
          assert.deepStrictEqual(compareRestored(records, restored, target), [])
        }
      }),
    120_000
  )

  it.scoped(
    "what only the disk buffer holds of the former life is not lost",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const keeper = yield* makeKeeper()
        const topic = unique("buffered")

        yield* truth.createTopics([{ topic, partitions: 2 }])
        yield* truth.produce(lives(topic, "first", 50, 2))
        const first = yield* describe(topic)
        const running = yield* keeper.startBackup([topic], { "partition-idle-threshold": "200ms" })
        yield* buffered(keeper.workingDirectory, first.records.length)
        running.child.kill("SIGTERM")
        const { code, stderr } = yield* running.finished
        assert.strictEqual(code, 0, stderr)
        assert.deepStrictEqual(yield* archiveFiles(keeper.prefix), [])

        yield* truth.deleteTopics([topic])
        yield* truth.createTopics([{ topic, partitions: 2 }])
        yield* truth.produce(lives(topic, "second", 10, 2))
        const second = yield* describe(topic)
        yield* keeper.backup([topic])

        const roots = [keeper.prefix, `${keeper.prefix}.generations/${second.topicId}`]
        const files = yield* Effect.forEach(roots, (root) => archiveFiles(`${root}/`))
        yield* tiles(files[0] ?? [], first)
        yield* tiles(files[1] ?? [], second)
        assert.deepStrictEqual(yield* directoryFiles(keeper.workingDirectory), [])
      }),
    120_000
  )
})
