/** The metrics that a running command of ours serves. */
import { Effect } from "effect"
import { sumOfMetric } from "../../test/support/MetricsText.ts"

/** The sum of a metric over its labels, its name without the common prefix; 0 when there is none. */
export type ReadMetrics = (name: string) => number

/** What it says now; nothing while it does not answer. */
export const runMetrics = (port: number): Effect.Effect<ReadMetrics> =>
  Effect.promise(() =>
    fetch(`http://127.0.0.1:${port}/__/metrics`, { signal: AbortSignal.timeout(5000) }).then(
      (answer) => answer.text(),
      () => ""
    )
  ).pipe(Effect.map((text) => (name) => sumOfMetric(text, `kafka_data_keep_${name}`)))
