/** What the metrics endpoints of running commands show, beside what the documentation promises. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import fs from "node:fs"
import path from "node:path"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archiveDifferences } from "../support/ArchiveWitness.ts"
import { hasBuffered, quietBackup } from "../support/BufferedBackup.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { askForFlush, flushServer } from "../support/FlushClient.ts"
import { metricNames, metricTypes } from "../support/MetricsText.ts"
import { plannedArchive } from "../support/PlannedArchive.ts"
import { SharedStack } from "../support/SharedStack.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("metrics")).pipe(
  Layer.provideMerge(SharedStack)
)

const prefix = "kafka_data_keep_"

/** Name and type of each metric in the tables of the handbook. */
const documented = new Map(
  fs.readFileSync(path.resolve(import.meta.dirname, "../../docs/OPERATIONS.md"), "utf8")
    .split("\n").flatMap((line) => {
      const [, name = "", type = ""] = /^\| `(kafka_data_keep_\w+)` \| (\w+) \|/.exec(line) ?? []
      return name === "" ? [] : [[name, type] as const]
    })
)

/** One sentence for each metric that is not documented as it is. */
const surprises = (text: string) =>
  metricTypes(text).flatMap(({ name, type }) =>
    documented.get(name) === type ? [] : [`${name} is a ${type}, not a ${documented.get(name)}`]
  )

const shows = (text: string, names: ReadonlyArray<string>) =>
  assert.includeMembers([...metricNames(text)], names.map((name) => `${prefix}${name}`))

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("the metrics endpoint", (it) => {
  it.scoped("of a backup shows what is documented, and counts right", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const { args, produce } = yield* quietBackup(place)
      const backup = yield* place.run([...args, ...flushServer])
      yield* hasBuffered(backup, yield* produce)
      yield* backup.until(
        "the gauges are late",
        Effect.map(backup.metric(`${prefix}buffer_files`), (files) => files === 3)
      )
      const before = yield* backup.metrics
      assert.isAbove(yield* backup.metric(`${prefix}unarchived_seconds`), 0)
      assert.isAbove(yield* backup.metric(`${prefix}buffer_bytes`), 3 * 10 * 300)
      yield* askForFlush(backup)
      yield* backup.until(
        "the gauges are late",
        Effect.map(backup.metric(`${prefix}buffer_files`), (files) => files === 0)
      )
      const after = yield* backup.metrics
      assert.deepStrictEqual([...surprises(before), ...surprises(after)], [])
      shows(after, [
        "unarchived_seconds",
        "fetched_bytes_total",
        "buffered_records_total",
        "buffered_record_bytes_total",
        "buffer_bytes",
        "buffer_files",
        "archived_records_total",
        "archived_bytes_total",
        "archived_files_total",
        "uploads_total",
        "upload_duration_seconds_count",
        "commits_total",
        "commit_failures_total",
        "backup_failed_partitions",
        "backup_partitions",
        "open_transaction_lag_offsets",
        "unexpected_leftover_files_total"
      ])
      const values = yield* Effect.forEach([
        "unarchived_seconds",
        "archived_records_total",
        "archived_files_total",
        "uploads_total",
        "commit_failures_total"
      ], (name) => backup.metric(`${prefix}${name}`))
      assert.deepStrictEqual(values, [0, 30, 3, 3, 0])
    }), 120_000)

  it.scoped(
    "of a plan and of a restore shows what is documented, and counts right",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const made = yield* plannedArchive(place, { partitions: [2], rounds: 3, planPartitions: 2 })
        const plan = yield* place.run(made.plan)
        yield* plan.said("the plan is complete")
        assert.deepStrictEqual(surprises(yield* plan.metrics), [])
        const planned = `${prefix}plan_restore_partition_total_files`
        assert.strictEqual(yield* plan.metric(planned), made.files)
        shows(yield* plan.metrics, ["plan_restore_topic_progress"])

        const restore = yield* place.run(made.restore)
        yield* restore.said("everything planned so far is restored")
        const text = yield* restore.metrics
        assert.deepStrictEqual(surprises(text), [])
        const values = yield* Effect.forEach([
          "restore_partition_file_index",
          "restored_files_total",
          "restored_records_total",
          "restore_failed_partitions"
        ], (name) => restore.metric(`${prefix}${name}`))
        assert.deepStrictEqual(values, [made.files, made.files, 120, 0])
        shows(text, ["restored_bytes_total", "restore_failed_partitions"])
      }),
    120_000
  )

  it.scoped("a port in use is a warning, and the work is done", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const { args, names, produce } = yield* quietBackup(place)
      yield* produce
      const first = yield* place.run(args)
      const { port } = yield* first.said("metrics are served")
      const second = yield* place.finish([
        ...args,
        "--once",
        "-metrics-port",
        String(port),
        "-group-id",
        `${place.group}-2`,
        "-working-dir",
        place.file("second")
      ])
      assert.strictEqual(second.code, 0, second.stderr)
      const warnings = second.stderr.split("\n").filter((line) => line.includes("not served"))
      assert.strictEqual(warnings.length, 1)
      assert.include(warnings[0], "\"level\":\"WARN\"")
      assert.include(warnings[0], String(port))
      assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
    }), 120_000)
})
