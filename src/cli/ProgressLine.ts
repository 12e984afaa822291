/** Progress in the log, for those who have no terminal. */
import { percentOf } from "./ProgressColumns.ts"
import type { Paces } from "./ProgressRates.ts"
import { isDone } from "./ProgressRates.ts"
import { timeSpan } from "./Table.ts"

const rounded = (number: number): number => Math.round(number * 10) / 10

/** Of all topics together; what is not known is left out. */
export const progressFields = (
  { all, throttled, topics }: Paces
): Readonly<Record<string, unknown>> => {
  const percent = percentOf(all)
  return {
    records: all.records,
    records_per_s: Math.round(all.recordsPerSecond),
    ...(all.bytes === 0
      ? {}
      : { bytes: all.bytes, mib_per_s: rounded(all.bytesPerSecond / 1024 ** 2) }),
    topics: topics.length,
    ...(percent === undefined ? {} : { percent, topics_done: topics.filter(isDone).length }),
    ...(all.secondsLeft === undefined ? {} : { eta: timeSpan(Math.max(1, all.secondsLeft)) }),
    ...(throttled ? { throttled } : {})
  }
}
