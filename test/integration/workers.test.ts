/** Several workers in one process on real servers: they share the work as replicas do. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import fs from "node:fs"
import path from "node:path"
import { compareRestored } from "../../dev/truth/Compare.ts"
import type { TruthTopic } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archiveDifferences } from "../support/ArchiveWitness.ts"
import type { Command, Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { askForFlush, flushServer } from "../support/FlushClient.ts"
import { plannedArchive } from "../support/PlannedArchive.ts"
import { RealKafka } from "../support/RealKafka.ts"
import { SharedStack } from "../support/SharedStack.ts"
import { noise, someTopics } from "../support/SteadyProducer.ts"

const Live = Layer.mergeAll(TruthLayer, RealKafka, BundleLayer("workers")).pipe(
  Layer.provideMerge(SharedStack)
)

/** Else a request that gets lost in a busy broker costs two minutes. */
const quickToTryAgain = { "delivery.timeout.ms": "60000", "request.timeout.ms": "10000" }

const produce = (topics: ReadonlyArray<TruthTopic>, perPartition: number, seed = 0) =>
  Effect.flatMap(
    Truth,
    (truth) => truth.produce(noise(topics, perPartition, seed), quickToTryAgain)
  )

const args = (place: Workplace, regex: string, workers: number) => [
  "topics-backup",
  "-topics-regex",
  regex,
  "-working-dir",
  place.file("buffer"),
  "-workers",
  String(workers)
]

const linesOf = ({ log }: Command, worker: number | undefined) =>
  log().filter((line) => line["worker"] === worker)

/** Partitions that the worker owns, by what it has logged last. */
const owned = (command: Command, worker: number): unknown =>
  linesOf(command, worker).findLast(({ msg }) =>
    msg === "partitions assigned" || msg === "partitions revoked"
  )?.["owned"]

const filesBelow = (directory: string): ReadonlyArray<string> =>
  fs.existsSync(directory)
    ? fs.readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".avro"))
    : []

/** Records, by what both say at their ends. */
const sharesOf = (command: Command): number =>
  [1, 2].reduce(
    (sum, worker) =>
      sum + Number(
        linesOf(command, worker).find(({ msg }) => msg === "the backup is complete")?.["records"]
      ),
    0
  )

const bufferOfSecond = (place: Workplace): string =>
  path.join(place.file("buffer"), ".kafka-data-keep/worker-2/.kafka-data-keep/buffer")

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("workers", (it) => {
  it.scoped(
    "of a backup share the partitions, are asked and stopped as one, and leave nothing behind",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { names, regex, topics } = yield* someTopics("spread", [6])
        yield* produce(topics, 100)

        const backup = yield* place.run([...args(place, regex, 2), ...flushServer])
        yield* backup.until(
          "the workers do not share",
          Effect.sync(() => [1, 2].every((worker) => owned(backup, worker) === 3))
        )
        yield* backup.until(
          "not all is archived",
          Effect.gen(function*() {
            yield* Effect.ignore(askForFlush(backup))
            return (yield* backup.metric("kafka_data_keep_archived_records_total")) === 600
          })
        )
        yield* produce(topics, 50, 1)
        yield* backup.until(
          "not all is buffered",
          Effect.map(
            backup.metric("kafka_data_keep_buffered_records_total"),
            (records) => records >= 900
          )
        )
        assert.deepStrictEqual(yield* askForFlush(backup), { status: 200, body: "Flushed\n" })
        const metrics = yield* backup.metrics
        for (const worker of [1, 2]) {
          const series = `kafka_data_keep_buffered_records_total{worker="${worker}",topic=`
          assert.include(metrics, `\n${series}`)
        }
        const types = metrics.split("\n").filter((line) => line.startsWith("# TYPE"))
        assert.deepStrictEqual(types, [...new Set(types)])
        assert.notMatch(metrics, /^kafka_data_keep_commits_total [0-9]/m)

        yield* produce(topics, 50, 2)
        yield* backup.until(
          "the second worker has not buffered all of its own",
          Effect.sync(() => filesBelow(bufferOfSecond(place)).length === 3)
        )
        const before = Date.now()
        const { code, stderr } = yield* backup.stop("SIGTERM")
        assert.strictEqual(code, 0, stderr)
        assert.isBelow(Date.now() - before, 20_000)
        assert.strictEqual(backup.log().at(-1)?.msg, "topics-backup is stopped")
        assert.deepStrictEqual(backup.log().filter(({ level }) => level === "ERROR"), [])
        assert.isNotEmpty(filesBelow(bufferOfSecond(place)))

        const again = yield* place.run([...args(place, regex, 1), "--once"])
        const last = yield* again.finished
        assert.strictEqual(last.code, 0, last.stderr)
        assert.strictEqual((yield* again.said("the buffer of the worker is uploaded"))["files"], 3)
        assert.deepStrictEqual(filesBelow(bufferOfSecond(place)), [])
        assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
      }),
    120_000
  )

  it.scoped(
    "of a backup with -once end together, and the totals are theirs together",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { names, regex, topics } = yield* someTopics("at-once", [6, 1])
        yield* produce(topics, 100)
        const backup = yield* place.run([...args(place, regex, 2), "--once"])
        const { code, stderr } = yield* backup.finished
        assert.strictEqual(code, 0, stderr)
        const total = linesOf(backup, undefined).at(-1)
        assert.strictEqual(total?.msg, "the backup is complete")
        assert.strictEqual(total?.["records"], sharesOf(backup))
        // Whoever has to give up an upload that has got through does not learn of it.
        const handedOver = backup.log().some(({ msg }) => msg === "partitions revoked")
        if (!handedOver) assert.strictEqual(sharesOf(backup), 700)
        assert.isAtMost(sharesOf(backup), 700)
        assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
      }),
    120_000
  )

  it.scoped("one that fails ends all of them, in its own words", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const { regex } = yield* someTopics("failing", [2])
      fs.mkdirSync(path.join(place.file("buffer"), ".kafka-data-keep"), { recursive: true })
      fs.writeFileSync(path.join(place.file("buffer"), ".kafka-data-keep/worker-2"), "a file")
      const backup = yield* place.run(args(place, regex, 2))
      const { code, stderr } = yield* backup.finished
      assert.strictEqual(code, 1, stderr)
      const failures = backup.log().filter(({ msg }) => msg === "topics-backup failed")
      assert.deepStrictEqual(failures.map((line) => line["worker"]), [2])
      assert.include(String(failures[0]?.["error"]), "the working directory cannot be used")
    }), 120_000)

  it.scoped(
    "of a restore put every record back once, in order, and name all that fails",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const place = yield* workplace
        const plan = yield* plannedArchive(place, {
          partitions: [6, 2],
          rounds: 3,
          planPartitions: 4
        })
        const together = [...plan.restore, "-workers", "2", "--once"]
        const restore = yield* place.run([...together, "-consume-delay", "7s"])
        const { code, stderr } = yield* restore.finished
        assert.strictEqual(code, 0, stderr)
        for (const worker of [1, 2]) {
          assert.include(linesOf(restore, worker).map(({ msg }) => msg), "archive file restored")
        }
        const source = yield* truth.consume(plan.names)
        const target = yield* truth.consume(plan.targets)
        assert.deepStrictEqual(compareRestored(source, target, plan.targetPrefix), [])

        const nowhere = ["-restore-topic-prefix", "missing.", "-group-id", `${place.group}-other`]
        const failing = yield* place.run([...together, "-consume-delay", "7s", ...nowhere])
        const failed = yield* failing.finished
        assert.strictEqual(failed.code, 1, failed.stderr)
        const named = failing.log().filter(({ msg }) => msg === "partition not restored")
        assert.strictEqual(named.length, 8)
        const words = failing.log().filter(({ msg }) => msg === "topics-restore failed")
        assert.sameMembers(words.map((line) => line["worker"]), [1, 2])
      }),
    120_000
  )
})
