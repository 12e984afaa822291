/** A backup under load for many minutes: its memory has to stay where it was. */
import { Effect } from "effect"
import { freePort } from "../../stack/Ports.ts"
import { Truth } from "../../truth/Truth.ts"
import { show } from "../Bars.ts"
import { lineChart } from "../Charts.ts"
import { launch, stop } from "../Launch.ts"
import { runMetrics } from "../Metrics.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { planFor } from "../Rounds.ts"
import { acked, spread } from "../Spread.ts"
import { medianOf } from "../Statistics.ts"
import type { Sample } from "../Watch.ts"
import { coreShare, highest, watch } from "../Watch.ts"

const topic = "soak"
const partitions = 6

/** Records: about 8 MB in a second. */
const perSecond = 10_000

/** The archive gets every record; Kafka keeps the newest, so that the disk suffices. Bytes. */
const kept = { "retention.bytes": "200000000", "segment.bytes": "50000000" }

/** Growth of the median from the second quarter to the last; the first one is warm-up. */
const growth = (samples: ReadonlyArray<Sample>): number => {
  const quarter = (at: number): number => {
    const size = samples.length / 4
    return medianOf(samples.slice(at * size, (at + 1) * size), ({ memory }) => memory)
  }
  return quarter(3) / quarter(1)
}

export const soak = (bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const seconds = Math.max(10, Math.round(bench.soakMinutes * 60 * bench.scale))
    const records = seconds * perSecond
    const plan = yield* planFor(topic, records, yield* writePayload("orders"), bench)
    yield* truth.createTopics([{ topic: `${topic}-0`, partitions, configs: kept }])
    const metricsPort = yield* freePort
    const choice = { topics: `^${topic}-0$`, endless: true, metricsPort }
    const backup = yield* launch(Programs.topicsBackup(plan, choice))
    const load = yield* launch(
      spread(plan, { topics: 1, partitionsPerTopic: partitions, records, perSecond })
    )
    const behind = Effect.map(
      runMetrics(metricsPort),
      (metrics) => acked(load) - metrics("buffered_records_total")
    )
    const samples = yield* watch(backup, seconds, behind)
    const metrics = yield* runMetrics(metricsPort)
    yield* stop(backup)
    const minutes = (seconds / 60).toFixed(1)
    const result: PartResult = {
      title: `soak: ${minutes} minutes of ${perSecond.toLocaleString("en")} records/s`,
      tables: [[
        ["", "CPU of a core", "peak memory", "median memory", "archived"],
        [
          "topics-backup",
          show(coreShare(samples), "%"),
          show(backup.usage().peakMemory, "MB"),
          show(medianOf(samples, ({ memory }) => memory), "MB"),
          show(metrics("archived_bytes_total"), "MB")
        ]
      ]],
      bars: [
        {
          name: "resident memory, last quarter / second quarter",
          value: growth(samples),
          limit: 1.1,
          better: "lower",
          unit: "x"
        },
        {
          name: "furthest behind",
          value: highest(samples.slice(5), "behind") / perSecond,
          limit: 5,
          better: "lower",
          unit: "s"
        }
      ],
      notes: [],
      plots: {
        soak: lineChart({
          title: `Resident memory of topics-backup at ${perSecond.toLocaleString("en")} records/s`,
          x: "minutes",
          y: "MB",
          series: [{
            name: "resident memory",
            points: samples.map(({ memory, seconds }) => [seconds / 60, memory / 1e6] as const)
          }]
        })
      },
      data: { seconds, perSecond, samples }
    }
    return result
  }).pipe(Effect.scoped)
