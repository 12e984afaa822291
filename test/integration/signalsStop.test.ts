/** How signals stop a backup on real servers, and how the next start goes on. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archivedFiles, archiveDifferences } from "../support/ArchiveWitness.ts"
import {
  bufferFiles,
  committedOffsets,
  hasBuffered,
  quietBackup
} from "../support/BufferedBackup.ts"
import type { Command } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { SharedStack } from "../support/SharedStack.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("signals-stop")).pipe(
  Layer.provideMerge(SharedStack)
)

/** Partition and first position of each partition opened, sorted. */
const openedAt = ({ log }: Command) =>
  log().filter(({ msg }) => msg === "partition opened")
    .map(({ offset, partition }) => `${String(partition)}@${String(offset)}`).sort()

const hasOpened = (backup: Command, partitions: number) =>
  backup.until(
    `${partitions} partitions are not opened`,
    Effect.sync(() => openedAt(backup).length === partitions)
  )

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("signals", (it) => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.scoped(
      `${signal} keeps the buffer, and the next start goes on with it`,
      () =>
        Effect.gen(function*() {
          const place = yield* workplace
          const { args, directory, ends, names, produce } = yield* quietBackup(place)
          const first = yield* place.run(args)
          yield* hasBuffered(first, yield* produce)
          const buffered = yield* bufferFiles(directory)
          assert.strictEqual(buffered.length, 3)

          const stopped = yield* Effect.timeout(first.stop(signal), "15 seconds")
          assert.strictEqual(stopped.code, 0, stopped.stderr)
          assert.notInclude(stopped.stderr, "\"level\":\"ERROR\"")
          assert.deepStrictEqual(yield* archivedFiles(place.prefix), [])
          assert.deepStrictEqual(yield* bufferFiles(directory), buffered)
          const committed = yield* committedOffsets(place.group)
          assert.deepStrictEqual(committed.filter((each) => !each.endsWith("@0")), [])

          const second = yield* place.run([...args, "--flush-on-exit"])
          yield* hasOpened(second, 3)
          assert.deepStrictEqual(openedAt(second), yield* ends)
          // Twice the longest time that a fetch waits: what would come again has come.
          yield* Effect.sleep("1 second")
          assert.strictEqual(yield* second.metric("kafka_data_keep_fetched_bytes_total"), 0)
          yield* hasBuffered(second, yield* produce)
          assert.deepStrictEqual(yield* bufferFiles(directory), buffered)

          assert.strictEqual((yield* second.stop(signal)).code, 0)
          assert.deepStrictEqual(yield* bufferFiles(directory), [])
          assert.deepStrictEqual(yield* committedOffsets(place.group), yield* ends)
          assert.strictEqual((yield* archivedFiles(place.prefix)).length, 3)
          assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
        }),
      120_000
    )
  }

  it.scoped("SIGKILL loses nothing either", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const { args, directory, names, produce } = yield* quietBackup(place)
      const first = yield* place.run(args)
      yield* hasBuffered(first, yield* produce)
      yield* produce
      yield* first.stop("SIGKILL")
      assert.strictEqual((yield* bufferFiles(directory)).length, 3)
      // Another group has no dead member to wait for.
      const last = yield* place.finish([...args, "--once", "-group-id", `${place.group}-2`])
      assert.strictEqual(last.code, 0, last.stderr)
      assert.deepStrictEqual(yield* bufferFiles(directory), [])
      assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
    }), 120_000)
})
