/** Line charts and bar charts as SVG text, for plots that lie beside the documents. */
import { colour, frame, label, page, round, text, ticks, width, yOf } from "./Svg.ts"

export interface BarChart {
  readonly title: string
  /** What the bars measure, with its unit. */
  readonly y: string
  readonly names: ReadonlyArray<string>
  /** One value for each name; NaN leaves its place empty. */
  readonly groups: ReadonlyArray<{ readonly label: string; readonly values: ReadonlyArray<number> }>
}

export const barChart = (chart: BarChart): string => {
  const most = Math.max(...chart.groups.flatMap(({ values }) => values.filter(Number.isFinite)))
  const room = (frame.right - frame.left) / chart.groups.length
  const thick = room * 0.8 / chart.names.length
  const bars = chart.groups.flatMap(({ label: name, values }, group) => {
    const from = frame.left + room * (group + 0.1)
    const rects = values.flatMap((value, at) => {
      if (!Number.isFinite(value)) return []
      const [x, y] = [from + at * thick, yOf(value, most)]
      return [
        `<rect x="${round(x)}" y="${round(y)}" width="${round(thick * 0.95)}" height="${
          round(frame.bottom - y)
        }" fill="${colour(at)}"/>`,
        text(label(value), { x: x + thick / 2, y: y - 4, size: 10 })
      ]
    })
    const below = { x: from + room * 0.4, y: frame.bottom + 18, size: 10 }
    return [...rects, text(name, below)]
  })
  return page(chart, most, bars)
}

export interface LineChart {
  readonly title: string
  readonly x: string
  readonly y: string
  /** Powers of ten at equal distances. */
  readonly logarithmic?: boolean
  readonly series: ReadonlyArray<{
    readonly name: string
    readonly points: ReadonlyArray<readonly [x: number, y: number]>
  }>
}

/** The y axis begins at 0. */
export const lineChart = ({ logarithmic = false, series, title, x, y }: LineChart): string => {
  const points = series.flatMap((each) => each.points)
  const most = Math.max(...points.map(([, value]) => value))
  const scale = (value: number): number => logarithmic ? Math.log10(value) : value
  const xs = points.map(([value]) => scale(value))
  const [least, span] = [Math.min(...xs), Math.max(...xs) - Math.min(...xs) || 1]
  const xOf = (value: number): number =>
    frame.left + (scale(value) - least) / span * (frame.right - frame.left)
  const marked = logarithmic
    ? [...new Set(points.map(([value]) => value))]
    : ticks(Math.max(...xs)).filter((value) => value >= least && value <= least + span)
  const lines = series.flatMap(({ points }, at) => {
    const path = points.map(([a, b]) => `${round(xOf(a))} ${round(yOf(b, most))}`).join("L")
    const dots = points.length > 40 ?
      [] :
      points.map(([a, b]) =>
        `<circle cx="${round(xOf(a))}" cy="${round(yOf(b, most))}" r="3" fill="${colour(at)}"/>`
      )
    return [`<path d="M${path}" fill="none" stroke="${colour(at)}" stroke-width="2"/>`, ...dots]
  })
  return page({ title, y, names: series.map(({ name }) => name) }, most, [
    ...marked.map((value) => text(label(value), { x: xOf(value), y: frame.bottom + 18 })),
    text(x, { x: width / 2, y: frame.bottom + 42 }),
    ...lines
  ])
}
