/** Prometheus's text format, version 0.0.4, of the program's own metrics. */
import type { MetricPair, MetricState as State } from "effect"
import { MetricState, Option } from "effect"
import { metricPrefix } from "./Metrics.ts"

export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8"

type Label = readonly [name: string, value: string]

const escapeLabel = (value: string): string =>
  value.replace(/["\\\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`)

const escapeHelp = (text: string): string =>
  text.replace(/[\\\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`)

const number = (value: number | bigint): string =>
  value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value)

const line = (name: string, labels: ReadonlyArray<Label>, value: number | bigint): string => {
  const inside = labels.map(([label, text]) => `${label}="${escapeLabel(text)}"`).join(",")
  return `${name}${inside === "" ? "" : `{${inside}}`} ${number(value)}`
}

const histogram = (
  name: string,
  labels: ReadonlyArray<Label>,
  state: State.MetricState.Histogram
): Array<string> => {
  const lines: Array<string> = []
  for (const [bound, count] of state.buckets) {
    if (bound === Infinity || bound === Number.MAX_VALUE) continue
    lines.push(line(`${name}_bucket`, [...labels, ["le", number(bound)]], count))
  }
  lines.push(
    line(`${name}_bucket`, [...labels, ["le", "+Inf"]], state.count),
    line(`${name}_sum`, labels, state.sum),
    line(`${name}_count`, labels, state.count)
  )
  return lines
}

interface Family {
  readonly type: string
  readonly lines: ReadonlyArray<string>
}

const familyOf = (
  { metricKey, metricState }: MetricPair.MetricPair.Untyped
): Family | undefined => {
  const { name } = metricKey
  const labels = metricKey.tags.map((tag): Label => [tag.key, tag.value])
  if (MetricState.isCounterState(metricState)) {
    return { type: "counter", lines: [line(name, labels, metricState.count)] }
  }
  if (MetricState.isGaugeState(metricState)) {
    return { type: "gauge", lines: [line(name, labels, metricState.value)] }
  }
  return MetricState.isHistogramState(metricState)
    ? { type: "histogram", lines: histogram(name, labels, metricState) }
    : undefined
}

/** Families in the order of their names; metrics of other origin are left out. */
export const prometheusText = (pairs: ReadonlyArray<MetricPair.MetricPair.Untyped>): string => {
  const families = new Map<string, Array<string>>()
  for (const pair of pairs) {
    const { description, name } = pair.metricKey
    const family = name.startsWith(metricPrefix) ? familyOf(pair) : undefined
    if (family === undefined) continue
    const help = Option.getOrElse(description, () => name)
    const lines = families.get(name) ??
      [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${family.type}`]
    lines.push(...family.lines)
    families.set(name, lines)
  }
  const names = [...families.keys()].sort()
  return names.map((name) => `${(families.get(name) ?? []).join("\n")}\n`).join("")
}
