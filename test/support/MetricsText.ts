/** Reads the text that Prometheus would get. */

const sample = /^([a-zA-Z_:][\w:]*)(?:\{.*\})? (\S+)$/

/** Name and value of each sample, labels left out. */
const samples = (text: string) =>
  text.split("\n").flatMap((line) => {
    const [, name = "", value = ""] = sample.exec(line) ?? []
    return name === "" ? [] : [{ name, value: Number(value) }]
  })

/** The sum of a metric over all its labels; 0 when it is not there. */
export const sumOfMetric = (text: string, name: string): number =>
  samples(text).filter((each) => each.name === name).reduce((sum, { value }) => sum + value, 0)

/** The names of all samples, sorted. */
export const metricNames = (text: string): ReadonlyArray<string> =>
  [...new Set(samples(text).map(({ name }) => name))].sort()

/** Name and type of each metric. */
export const metricTypes = (text: string) =>
  Array.from(
    text.matchAll(/^# TYPE (\S+) (\S+)$/gm),
    ([, name = "", type = ""]) => ({ name, type })
  )
