/** A restore of many small archive files beside one of the same records in large ones. */
import { Effect } from "effect"
import { Truth } from "../../truth/Truth.ts"
import { archiveFiles } from "../Archive.ts"
import { show } from "../Bars.ts"
import type { Measurement } from "../Measure.ts"
import { measured } from "../Measure.ts"
import { fewRuns, scaled } from "../Options.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { measuredRestore, planFor } from "../Rounds.ts"
import { median, medianOf, medianRatio, sum } from "../Statistics.ts"

const topic = "files"
const partitions = 6

/** Bytes at which a file is uploaded, and how many records fill the small files of the workload. */
const sizes = { small: 50_000, large: 67_108_864 }
const fileCount = 20_000

/** Archive bytes of a record in small blocks: measured; what comes of it is reported. */
const archivedRecordBytes = 145

interface Pair {
  readonly small: Measurement
  readonly large: Measurement
}

export const files = (bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const payload = yield* writePayload("orders")
    const records = scaled(bench, Math.round(fileCount * sizes.small / archivedRecordBytes), 1000)
    const plan = yield* planFor(topic, records, payload, bench)
    yield* truth.createTopics([{ topic, partitions }])
    yield* measured(Programs.producerPerformance(plan))
    const archive = (prefix: keyof typeof sizes) =>
      Effect.gen(function*() {
        const choice = { prefix, minFileSize: sizes[prefix] }
        const backup = yield* measured(Programs.topicsBackup(plan, choice))
        const planning = yield* measured(Programs.topicsPlanRestore(plan, prefix))
        const found = yield* archiveFiles(plan.addresses.s3, prefix)
        const fileBytes = found.map(({ size }) => size)
        const bytes = sum(fileBytes)
        return { backup, planning, files: found.length, bytes, medianBytes: median(fileBytes) }
      })
    const archives = { small: yield* archive("small"), large: yield* archive("large") }
    const restore = (prefix: keyof typeof sizes, round: number) =>
      measuredRestore(plan, { codec: "lz4", target: `${prefix}-${round}.`, prefix }, partitions)
    const rounds = yield* Effect.forEach(
      Array.from({ length: fewRuns(bench) }, (_, at) => at + 1),
      (round) => Effect.all({ small: restore("small", round), large: restore("large", round) })
    )
    const wall = (pair: Pair, which: keyof Pair): number => pair[which].wallMs
    const row = (which: keyof Pair) => {
      const { backup, bytes, files, medianBytes, planning } = archives[which]
      const of = (figure: keyof Measurement) => medianOf(rounds, (pair) => pair[which][figure])
      return [
        `restore of ${which} files`,
        files.toLocaleString("en"),
        `${(medianBytes / 1000).toFixed(0)} kB`,
        show(bytes, "MB"),
        show(backup.wallMs / 1000, "s"),
        show(planning.wallMs / 1000, "s"),
        show(of("wallMs") / 1000, "s"),
        show(of("cpuMs") / 1000, "s"),
        (records * payload.recordBytes / 1000 / of("wallMs")).toFixed(0),
        show(of("peakMemory"), "MB"),
        show(of("s3CpuMs") / 1000, "s")
      ]
    }
    const result: PartResult = {
      title: `files: ${records.toLocaleString("en")} records; medians of ${rounds.length}`,
      tables: [[
        [
          "",
          "files",
          "median",
          "archive",
          "backup",
          "plan",
          "restore",
          "CPU",
          "MB/s",
          "peak memory",
          "S3 CPU"
        ],
        row("small"),
        row("large")
      ]],
      bars: [{
        name: "throughput of small files / large ones",
        value: medianRatio(rounds, (pair) => wall(pair, "large"), (pair) => wall(pair, "small")),
        limit: 0.5,
        better: "higher",
        unit: "x"
      }],
      notes: [],
      plots: {},
      data: { records, archives, rounds }
    }
    return result
  })
