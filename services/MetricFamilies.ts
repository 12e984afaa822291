/** Readings of the program's metrics as plain values, which can be sent between threads. */
import type { MetricState as State } from "effect"
import { Metric, MetricState, Option, Schema } from "effect"
import { metricPrefix } from "./Metrics.ts"

const Label = Schema.Tuple(Schema.String, Schema.String)

export type Label = typeof Label.Type

const Sample = Schema.Struct({
  /** Of the metric, with the ending that parts of a histogram have. */
  name: Schema.String,
  labels: Schema.Array(Label),
  /** As Prometheus writes it. */
  value: Schema.String
})

type Sample = typeof Sample.Type

export const MetricFamily = Schema.Struct({
  name: Schema.String,
  help: Schema.String,
  type: Schema.Literal("counter", "gauge", "histogram"),
  samples: Schema.Array(Sample)
})

export type MetricFamily = typeof MetricFamily.Type

const number = (value: number | bigint): string =>
  value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value)

const sample = (name: string, labels: ReadonlyArray<Label>, value: number | bigint): Sample => ({
  name,
  labels,
  value: number(value)
})

const histogram = (
  name: string,
  labels: ReadonlyArray<Label>,
  state: State.MetricState.Histogram
): ReadonlyArray<Sample> => {
  const samples: Array<Sample> = []
  for (const [bound, count] of state.buckets) {
    if (bound === Infinity || bound === Number.MAX_VALUE) continue
    samples.push(sample(`${name}_bucket`, [...labels, ["le", number(bound)]], count))
  }
  return [
    ...samples,
    sample(`${name}_bucket`, [...labels, ["le", "+Inf"]], state.count),
    sample(`${name}_sum`, labels, state.sum),
    sample(`${name}_count`, labels, state.count)
  ]
}

type Reading = ReturnType<typeof Metric.unsafeSnapshot>[number]

const readingOf = (
  { metricKey: { name, tags }, metricState }: Reading
): Pick<MetricFamily, "type" | "samples"> | undefined => {
  const labels = tags.map((tag): Label => [tag.key, tag.value])
  if (MetricState.isCounterState(metricState)) {
    return { type: "counter", samples: [sample(name, labels, metricState.count)] }
  }
  if (MetricState.isGaugeState(metricState)) {
    return { type: "gauge", samples: [sample(name, labels, metricState.value)] }
  }
  return MetricState.isHistogramState(metricState)
    ? { type: "histogram", samples: histogram(name, labels, metricState) }
    : undefined
}

/** Families of one name become one, in the order of their names. */
const gathered = (families: Iterable<MetricFamily>): ReadonlyArray<MetricFamily> => {
  const byName = new Map<string, MetricFamily & { readonly samples: Array<Sample> }>()
  for (const family of families) {
    const known = byName.get(family.name)
    if (known === undefined) byName.set(family.name, { ...family, samples: [...family.samples] })
    else known.samples.push(...family.samples)
  }
  return [...byName.keys()].sort().flatMap((name) => byName.get(name) ?? [])
}

/** What the program's own metrics are now; those of other origin are left out. */
export const metricFamilies = (): ReadonlyArray<MetricFamily> =>
  gathered(
    Metric.unsafeSnapshot().flatMap((reading) => {
      const { description, name } = reading.metricKey
      const own = name.startsWith(metricPrefix) ? readingOf(reading) : undefined
      return own === undefined
        ? []
        : [{ name, help: Option.getOrElse(description, () => name), ...own }]
    })
  )

/** The metrics of several workers, each series with the label `worker`: its place in the list, from 1. */
export const familiesByWorker = (
  workers: ReadonlyArray<ReadonlyArray<MetricFamily>>
): ReadonlyArray<MetricFamily> =>
  gathered(
    workers.flatMap((families, at) =>
      families.map((family) => ({
        ...family,
        samples: family.samples.map((each) => ({
          ...each,
          labels: [["worker", String(at + 1)] satisfies Label, ...each.labels]
        }))
      }))
    )
  )
