/** Prometheus's text format, version 0.0.4. */
import type { Label, MetricFamily } from "./MetricFamilies.ts"

export const prometheusContentType = "text/plain; version=0.0.4; charset=utf-8"

const escapeLabel = (value: string): string =>
  value.replace(/["\\\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`)

const escapeHelp = (text: string): string =>
  text.replace(/[\\\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`)

const line = (name: string, labels: ReadonlyArray<Label>, value: string): string => {
  const inside = labels.map(([label, text]) => `${label}="${escapeLabel(text)}"`).join(",")
  return `${name}${inside === "" ? "" : `{${inside}}`} ${value}`
}

const familyText = ({ help, name, samples, type }: MetricFamily): string =>
  [
    `# HELP ${name} ${escapeHelp(help)}`,
    `# TYPE ${name} ${type}`,
    ...samples.map((sample) => line(sample.name, sample.labels, sample.value))
  ].map((each) => `${each}\n`).join("")

/** The families, in their order. */
export const prometheusText = (families: ReadonlyArray<MetricFamily>): string =>
  families.map(familyText).join("")
