/** A Kafka that goes away and comes back, on servers of its own: nothing waits, nothing is lost. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stack, StackLayer } from "../../dev/stack/Stack.ts"
import { compareRestored } from "../../dev/truth/Compare.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archivedFiles, archiveDifferences } from "../support/ArchiveWitness.ts"
import {
  bufferFiles,
  committedOffsets,
  hasBuffered,
  quietBackup
} from "../support/BufferedBackup.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { askForFlush, flushServer } from "../support/FlushClient.ts"
import { plannedArchive } from "../support/PlannedArchive.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("signals-outage")).pipe(
  Layer.provideMerge(StackLayer())
)

/** A backup of topics and into an archive of its own, with 30 records in its buffer. */
const buffered = Effect.fnUntraced(function*(flags: ReadonlyArray<string>) {
  const place = yield* workplace
  const quiet = yield* quietBackup(place)
  const command = [...quiet.args, ...flags]
  const backup = yield* place.run(command)
  yield* hasBuffered(backup, yield* quiet.produce)
  const files = yield* bufferFiles(quiet.directory)
  assert.strictEqual(files.length, 3)
  return {
    ...quiet,
    place,
    backup,
    command,
    archived: Effect.map(
      archivedFiles(place.prefix),
      (files) => files.reduce((sum, { records }) => sum + records.length, 0)
    ),
    differences: archiveDifferences(place.prefix, quiet.names)
  }
})

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("while Kafka is away", (it) => {
  it.scoped(
    "the buffer is brought to safety, and afterwards all go on by themselves",
    () =>
      Effect.gen(function*() {
        const stack = yield* Stack
        const [asked, patient, stopped] = yield* Effect.all([
          buffered(flushServer),
          buffered(["-kafka-outage-flush", "5s", ...flushServer]),
          buffered([])
        ], { concurrency: 3 })
        assert.strictEqual((yield* stopped.backup.stop("SIGTERM")).code, 0)

        yield* stack.stopKafka
        const onRequest = Effect.gen(function*() {
          assert.deepStrictEqual(yield* askForFlush(asked.backup), {
            status: 500,
            body: "uploaded 3 files, commit pending\n"
          })
          assert.strictEqual(yield* asked.archived, 30)
          assert.deepStrictEqual(yield* bufferFiles(asked.directory), [])
        })
        const byItself = Effect.gen(function*() {
          yield* patient.backup.said("Kafka has been away, uploading what is buffered")
          yield* patient.backup.until(
            "the buffer is not uploaded",
            Effect.map(bufferFiles(patient.directory), (files) => files.length === 0)
          )
          assert.strictEqual(yield* patient.archived, 30)
        })
        const atStart = Effect.gen(function*() {
          const { code, stderr } = yield* stopped.place.finish(stopped.command)
          assert.strictEqual(code, 1, stderr)
          assert.include(stderr, "Kafka is unreachable, the buffer has been uploaded")
          const errors = stderr.split("\n").filter((line) => line.includes("\"level\":\"ERROR\""))
          assert.strictEqual(errors.length, 1, stderr)
          assert.strictEqual(yield* stopped.archived, 30)
          assert.deepStrictEqual(yield* bufferFiles(stopped.directory), [])
        })
        yield* Effect.all([onRequest, byItself, atStart, Effect.sleep("20 seconds")], {
          concurrency: "unbounded"
        })

        yield* stack.startKafka
        for (const one of [asked, patient]) {
          const ends = yield* one.ends
          yield* one.backup.until(
            "what was uploaded is not committed",
            Effect.map(
              Effect.orDie(committedOffsets(one.place.group)),
              (offsets) => offsets.join() === ends.join()
            )
          )
          yield* hasBuffered(one.backup, 30 + (yield* one.produce))
          assert.deepStrictEqual(yield* askForFlush(one.backup), { status: 200, body: "Flushed\n" })
          assert.deepStrictEqual(yield* one.differences, [])
          assert.strictEqual((yield* one.backup.stop("SIGTERM")).code, 0)
        }
        yield* stopped.produce
        const last = yield* stopped.place.finish([...stopped.command, "--once"])
        assert.strictEqual(last.code, 0, last.stderr)
        assert.deepStrictEqual(yield* stopped.differences, [])
      }),
    180_000
  )

  it.scoped("a restore waits, and then goes on where it stood", () =>
    Effect.gen(function*() {
      const stack = yield* Stack
      const truth = yield* Truth
      const place = yield* workplace
      const plan = yield* plannedArchive(place, {
        partitions: [6, 4],
        rounds: 20,
        planPartitions: 2
      })
      const restore = yield* place.run(plan.restore)
      const files = () => restore.log().filter(({ msg }) => msg === "archive file restored").length
      yield* restore.until("it restores nothing", Effect.sync(() => files() > 3))
      yield* stack.killKafka
      assert.isBelow(files(), plan.files)
      yield* Effect.sleep("8 seconds")
      yield* stack.startKafka
      yield* restore.said("everything planned so far is restored")

      const source = yield* truth.consume(plan.names)
      const target = yield* truth.consume(plan.targets)
      assert.isAbove(source.length, 1000)
      assert.deepStrictEqual(compareRestored(source, target, plan.targetPrefix).slice(0, 20), [])
      assert.strictEqual((yield* restore.stop("SIGTERM")).code, 0)
    }), 180_000)
})
