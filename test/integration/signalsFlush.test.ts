/** Flushes of a backup on real servers, asked for by signal and over HTTP. */
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
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { askForFlush, flushServer, flushUrl } from "../support/FlushClient.ts"
import { SharedStack } from "../support/SharedStack.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("signals-flush")).pipe(
  Layer.provideMerge(SharedStack)
)

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a flush", (it) => {
  it.scoped(
    "uploads and commits what is buffered, by SIGUSR1 and by POST",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { args, directory, ends, names, produce } = yield* quietBackup(place)
        const backup = yield* place.run([...args, ...flushServer])
        yield* hasBuffered(backup, yield* produce)
        backup.child.kill("SIGUSR1")
        assert.strictEqual((yield* backup.said("flushed on signal"))["files"], 3)
        assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
        assert.deepStrictEqual(yield* committedOffsets(place.group), yield* ends)

        yield* hasBuffered(backup, 30 + (yield* produce))
        assert.deepStrictEqual(yield* askForFlush(backup), { status: 200, body: "Flushed\n" })
        assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
        assert.deepStrictEqual(yield* committedOffsets(place.group), yield* ends)
        assert.deepStrictEqual(yield* bufferFiles(directory), [])
        assert.strictEqual((yield* archivedFiles(place.prefix)).length, 6)

        assert.deepStrictEqual(yield* askForFlush(backup), { status: 200, body: "Flushed\n" })
        assert.strictEqual((yield* archivedFiles(place.prefix)).length, 6)
        const url = yield* flushUrl(backup)
        const answer = yield* Effect.promise(() => fetch(url))
        assert.deepStrictEqual([answer.status, answer.headers.get("allow")], [405, "POST"])
        assert.strictEqual((yield* backup.stop("SIGTERM")).code, 0)
      }),
    120_000
  )

  it.scoped("takes what is only in memory, too", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const { args, names, produce } = yield* quietBackup(place)
      const never = ["-partition-idle-threshold", "1h", "-max-file-age", "0"]
      const backup = yield* place.run([
        ...args.filter((_, at) => at < 3),
        ...never,
        ...flushServer,
        "-working-dir",
        place.file("buffer")
      ])
      yield* produce
      yield* backup.until(
        "nothing waits",
        Effect.map(
          backup.metric("kafka_data_keep_unarchived_seconds"),
          (seconds) => seconds > 1
        )
      )
      assert.deepStrictEqual(yield* bufferFiles(place.file("buffer")), [])
      assert.deepStrictEqual(yield* askForFlush(backup), { status: 200, body: "Flushed\n" })
      assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
    }), 120_000)
})
