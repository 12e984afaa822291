/** What `npm run bench` can be told. */
import { Effect } from "effect"
import { parseArgs } from "node:util"
import { StackError } from "../stack/StackError.ts"

export interface BenchOptions {
  readonly records: number
  readonly partitions: number
  readonly runs: number
  /** Profile our own commands; their times then mean little. */
  readonly profile: boolean
}

const usage = `npm run bench -- [--records 1000000] [--partitions 6] [--runs 1] [--profile]`

const count = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`not a count: ${text}`)
  return value
}

const parse = (args: ReadonlyArray<string>): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      records: { type: "string", default: "1000000" },
      partitions: { type: "string", default: "6" },
      runs: { type: "string", default: "1" },
      profile: { type: "boolean", default: false }
    }
  })
  return {
    records: count(values.records),
    partitions: count(values.partitions),
    runs: count(values.runs),
    profile: values.profile
  }
}

/** Fails with the usage on anything that it does not know. */
export const benchOptions = (
  args: ReadonlyArray<string>
): Effect.Effect<BenchOptions, StackError> =>
  Effect.try({
    try: () => parse(args),
    catch: (cause) => {
      const detail = cause instanceof Error ? cause.message : String(cause)
      return new StackError({ step: "arguments", cause: `${detail}\n${usage}` })
    }
  })
