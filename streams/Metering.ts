/** Updating metrics from pipelines. */
import type { Effect } from "effect"
import { Metric } from "effect"

export const incrementBy = (
  counter: Metric.Metric.Counter<number>,
  amount: number
): Effect.Effect<void> => Metric.incrementBy(counter, amount)

export const setGauge = (gauge: Metric.Metric.Gauge<number>, value: number): Effect.Effect<void> =>
  Metric.set(gauge, value)
