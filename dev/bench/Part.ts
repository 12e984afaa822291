/** What every part of the benchmark takes and gives. */
import { bold, dim, table } from "../demo/Terminal.ts"
import type { Bar } from "./Bars.ts"
import { barLine } from "./Bars.ts"
import type { BenchOptions } from "./Options.ts"

export interface Bench extends BenchOptions {
  /** Directory for processor profiles of our own commands, or undefined. */
  readonly profiles: string | undefined
}

export interface PartResult {
  readonly title: string
  /** Rows of cells, the first one of headings. */
  readonly tables: ReadonlyArray<ReadonlyArray<ReadonlyArray<string>>>
  readonly bars: ReadonlyArray<Bar>
  /** What a reader has to know about the figures. */
  readonly notes: ReadonlyArray<string>
  /** SVG by file name without its ending. */
  readonly plots: Readonly<Record<string, string>>
  /** Every measurement, for the file of results. */
  readonly data: unknown
}

export const partText = ({ bars, notes, tables, title }: PartResult): string =>
  [
    "",
    bold(title),
    ...tables.map(table),
    ...notes.map((note) => dim(`  ${note}`)),
    ...bars.map(barLine)
  ].join("\n")
