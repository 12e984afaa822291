/** What a figure has to reach, and whether it does. */
import { green, red } from "../demo/Terminal.ts"

export type Unit = "x" | "s" | "MB" | "%" | "/s"

export interface Bar {
  readonly name: string
  readonly value: number
  readonly limit: number
  /** Which side of the limit is good. */
  readonly better: "lower" | "higher"
  readonly unit: Unit
  /** A limit beyond the limit, for those who want more. */
  readonly stretch?: number
}

/** A figure that could not be had (NaN) does not meet its bar. */
export const isMet = ({ better, limit, value }: Omit<Bar, "name" | "unit">): boolean =>
  better === "lower" ? value <= limit : value >= limit

/** Values as they are computed: bytes for MB, a fraction for %. */
export const show = (value: number, unit: Unit): string => {
  switch (unit) {
    case "x":
      return `${value.toFixed(2)} x`
    case "s":
      return `${value.toFixed(2)} s`
    case "MB":
      return `${(value / 1e6).toFixed(0)} MB`
    case "%":
      return `${(value * 100).toFixed(1)} %`
    case "/s":
      return `${Math.round(value).toLocaleString("en")}/s`
  }
}

export const barLine = (bar: Bar): string => {
  const { better, limit, name, stretch, unit, value } = bar
  const sign = better === "lower" ? "<=" : ">="
  const further = stretch === undefined
    ? ""
    : `; stretch: ${sign} ${show(stretch, unit)}${
      isMet({ ...bar, limit: stretch }) ? ", met too" : ""
    }`
  const text = `${name}: ${show(value, unit)} (bar: ${sign} ${show(limit, unit)}${further})`
  return isMet(bar) ? green(`  met     ${text}`) : red(`  missed  ${text}`)
}
