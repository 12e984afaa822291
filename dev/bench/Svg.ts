/** The paper of a chart as SVG text: title, axis, grid and legend. */

export const width = 720
const height = 400
export const frame = { left: 80, right: 700, top: 80, bottom: 340 }
const colours = ["#2f6fb4", "#d9822b", "#3f9142", "#a64ca6", "#8a6d3b", "#c23b3b"]

export const escapeXml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll("\"", "&quot;")

export const round = (value: number): string => String(Math.round(value * 10) / 10)

export interface Place {
  readonly x: number
  readonly y: number
  readonly anchor?: "start" | "middle" | "end"
  readonly size?: number
}

export const text = (words: string, { anchor = "middle", size = 12, x, y }: Place): string =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}">${
    escapeXml(words)
  }</text>`

export const line = (x1: number, y1: number, x2: number, y2: number, colour: string): string =>
  `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${colour}"/>`

/** Steps of 1, 2 or 5 times a power of ten, about five of them up to `most`. */
export const ticks = (most: number): ReadonlyArray<number> => {
  if (!(most > 0) || most === Infinity) return [0, 1]
  const rough = most / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough) ?? rough
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, at) => at * step)
}

export const label = (value: number): string =>
  value >= 1000 ? value.toLocaleString("en") : String(Number(value.toPrecision(3)))

export const colour = (at: number): string => colours[at % colours.length] ?? "#000"

export interface Axes {
  readonly title: string
  readonly y: string
  readonly names: ReadonlyArray<string>
}

export const page = (
  { names, title, y }: Axes,
  most: number,
  content: ReadonlyArray<string>
): string => {
  const marks = ticks(most).flatMap((value) => {
    const at = yOf(value, most)
    return [
      line(frame.left, at, frame.right, at, "#ddd"),
      text(label(value), { x: frame.left - 8, y: at + 4, anchor: "end" })
    ]
  })
  const legend = names.flatMap((name, at) => {
    const x = frame.left + at * 150
    return [
      `<rect x="${x}" y="${frame.top - 26}" width="10" height="10" fill="${colour(at)}"/>`,
      text(name, { x: x + 15, y: frame.top - 17, anchor: "start" })
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(title, { x: width / 2, y: 22, size: 16 }),
    text(y, { x: 12, y: 44, anchor: "start" }),
    ...legend,
    ...marks,
    ...content,
    "</svg>",
    ""
  ].join("\n")
}

export const yOf = (value: number, most: number): number => {
  const top = ticks(most).at(-1) ?? 1
  return frame.bottom - value / top * (frame.bottom - frame.top)
}
