/** Whether a restore that is held back keeps its pace, seen in the log of the target. */
import { Clock, Effect } from "effect"
import { Truth } from "../../truth/Truth.ts"
import { show } from "../Bars.ts"
import { launch } from "../Launch.ts"
import { measured } from "../Measure.ts"
import { scaled } from "../Options.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { checkCount, planFor } from "../Rounds.ts"
import { sum } from "../Statistics.ts"
import type { Reading } from "../Windows.ts"
import { windowRates } from "../Windows.ts"

const topic = "pace"
const partitions = 6
const bytesPerSecond = 3_000_000
const bytes = 75_000_000

/** Over which the program keeps its promise. */
const windowSeconds = 5
const lookEvery = "500 millis"

export const pace = (bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const payload = yield* writePayload("orders")
    const records = scaled(bench, Math.round(bytes / payload.recordBytes), 1000)
    // As archived: the header that says where it was does not count.
    const { recordBytes } = payload
    const plan = yield* planFor(topic, records, payload, bench)
    const target = `paced.${topic}`
    yield* truth.createTopics([{ topic, partitions }, { topic: target, partitions }])
    yield* measured(Programs.producerPerformance(plan))
    yield* measured(Programs.topicsBackup(plan))
    yield* measured(Programs.topicsPlanRestore(plan))
    const readings: Array<Reading> = []
    const look = Effect.gen(function*() {
      const before = yield* Clock.currentTimeMillis
      const offsets = yield* truth.offsets([target])
      const after = yield* Clock.currentTimeMillis
      const amount = sum(offsets.map(({ latest }) => latest)) * recordBytes
      readings.push({ seconds: (before + after) / 2000, amount })
    })
    const wallMs = yield* Effect.scoped(Effect.gen(function*() {
      const restore = yield* launch(
        Programs.topicsRestore(plan, { codec: "lz4", target: "paced.", bytesPerSecond })
      )
      const looking = Effect.forever(Effect.zipRight(look, Effect.sleep(lookEvery)))
      return yield* Effect.raceFirst(restore.done, looking)
    }))
    yield* look
    yield* checkCount(target, records)
    const rates = windowRates(readings, windowSeconds)
    const [least, most] = [Math.min(...rates), Math.max(...rates)]
    const off = Math.max(...rates.map((rate) => Math.abs(rate / bytesPerSecond - 1)))
    const result: PartResult = {
      title: `pace: ${show(records * recordBytes, "MB")} at ${
        show(bytesPerSecond, "MB")
      } a second, windows of ${windowSeconds} s`,
      tables: [[
        ["", "wall", "windows", "least", "most", "furthest off"],
        [
          "topics-restore -max-bytes-per-second",
          show(wallMs / 1000, "s"),
          String(rates.length),
          `${(least / 1e6).toFixed(3)} MB/s`,
          `${(most / 1e6).toFixed(3)} MB/s`,
          show(off, "%")
        ]
      ]],
      bars: [{
        name: "any window, off the pace",
        value: rates.length === 0 ? NaN : off,
        limit: 0.05,
        better: "lower",
        unit: "%"
      }],
      notes: [],
      plots: {},
      data: { records, recordBytes, bytesPerSecond, readings, rates }
    }
    return result
  })
