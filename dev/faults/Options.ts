/** What `npm run test:faults` can be told. */
import { Effect } from "effect"
import path from "node:path"
import { parseArgs } from "node:util"
import { StackError } from "../stack/StackError.ts"

export interface FaultOptions {
  readonly seeds: ReadonlyArray<number>
  readonly minutes: number
  readonly brokers: number
  /** Logs and working directories of runs that passed, too. */
  readonly keep: boolean
  /** Path of the built program; of a broken one, to see the suite fail. */
  readonly bundle: string
}

const usage =
  "npm run test:faults -- [--seed N | --seeds A..B] [--minutes 1] [--brokers 1] [--keep] [--bundle dist/kafka-data-keep.mjs]"

const built = path.resolve(import.meta.dirname, "../../dist/kafka-data-keep.mjs")

const count = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`not a count: ${text}`)
  return value
}

const rangeOf = (text: string): ReadonlyArray<number> => {
  const [, from = "", to = ""] = /^(\d+)\.\.(\d+)$/.exec(text) ?? []
  const [first, last] = [count(from), count(to)]
  if (last < first) throw new Error(`not a range: ${text}`)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

const minutesOf = (text: string): number => {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`not a number of minutes: ${text}`)
  return value
}

const parse = (args: ReadonlyArray<string>): FaultOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      minutes: { type: "string", default: "1" },
      brokers: { type: "string", default: "1" },
      keep: { type: "boolean", default: false },
      bundle: { type: "string", default: built }
    }
  })
  const anySeed = String(1 + Math.floor(Math.random() * 1_000_000))
  return {
    seeds: values.seeds === undefined ? [count(values.seed ?? anySeed)] : rangeOf(values.seeds),
    minutes: minutesOf(values.minutes),
    brokers: count(values.brokers),
    keep: values.keep,
    bundle: path.resolve(values.bundle)
  }
}

/** Fails with the usage on anything that it does not know. */
export const faultOptions = (
  args: ReadonlyArray<string>
): Effect.Effect<FaultOptions, StackError> =>
  Effect.try({
    try: () => parse(args),
    catch: (cause) => {
      const detail = cause instanceof Error ? cause.message : String(cause)
      return new StackError({ step: "arguments", cause: `${detail}\n${usage}` })
    }
  })
