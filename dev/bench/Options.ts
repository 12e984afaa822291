/** What `npm run bench` can be told. */
import { Effect } from "effect"
import { parseArgs } from "node:util"
import { StackError } from "../stack/StackError.ts"

/** In the order in which they run. */
export const partNames = [
  "core",
  "small",
  "large",
  "partitions",
  "files",
  "start",
  "groups",
  "size",
  "workers",
  "archive",
  "verify",
  "pace",
  "soak"
] as const

export type PartName = (typeof partNames)[number]

export interface BenchOptions {
  readonly parts: ReadonlyArray<PartName>
  /** Rounds of the core; parts with larger workloads run at most three. */
  readonly runs: number
  /** What every workload is multiplied by: 1 for results, less to try the instrument itself. */
  readonly scale: number
  readonly soakMinutes: number
  /** Profile our own commands; their times then mean little. */
  readonly profile: boolean
}

export const usage = `npm run bench -- [--all | --part NAME,NAME] [--runs 5] [--scale 1]
    [--soak 20] [--profile]
  --part     of ${partNames.join(", ")}; default core
  --all      all of them
  --runs     rounds; the medians count. Default 5, with --profile 1
  --scale    multiplies every workload: 0.01 to try the instrument
  --soak     minutes of the soak, which it adds to the parts
  --profile  writes processor profiles of our own commands and lists where the time went`

const count = (name: string, text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name}: not a count: ${text}`)
  return value
}

const positive = (name: string, text: string): number => {
  const value = Number(text)
  if (!(value > 0) || value === Infinity) throw new Error(`${name}: not above 0: ${text}`)
  return value
}

const partOf = (text: string): PartName => {
  const found = partNames.find((name) => name === text.trim())
  if (found === undefined) throw new Error(`--part: no part ${JSON.stringify(text)}`)
  return found
}

interface Choice {
  readonly all: boolean
  readonly part: string | undefined
  readonly soak: string | undefined
}

const chosen = ({ all, part, soak }: Choice): ReadonlyArray<PartName> => {
  if (all && part !== undefined) throw new Error("--all and --part exclude each other")
  if (all) return partNames
  const named = part?.split(",").map(partOf) ?? (soak === undefined ? [partOf("core")] : [])
  const wanted = new Set(soak === undefined ? named : [...named, partOf("soak")])
  return partNames.filter((name) => wanted.has(name))
}

/** Throws an `Error` that says what is wrong. */
export const parseOptions = (args: ReadonlyArray<string>): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      all: { type: "boolean", default: false },
      part: { type: "string" },
      runs: { type: "string" },
      scale: { type: "string", default: "1" },
      soak: { type: "string" },
      profile: { type: "boolean", default: false }
    }
  })
  const { all, part, profile, runs, scale, soak } = values
  return {
    parts: chosen({ all, part, soak }),
    runs: count("--runs", runs ?? (profile ? "1" : "5")),
    scale: positive("--scale", scale),
    soakMinutes: positive("--soak", soak ?? "20"),
    profile
  }
}

/** Fails with the usage on anything that it does not know. */
export const benchOptions = (
  args: ReadonlyArray<string>
): Effect.Effect<BenchOptions, StackError> =>
  Effect.try({
    try: () => parseOptions(args),
    catch: (cause) => {
      const detail = cause instanceof Error ? cause.message : String(cause)
      return new StackError({ step: "arguments", cause: `${detail}\n${usage}` })
    }
  })

/** So much of the workload, at least `least`. */
export const scaled = ({ scale }: BenchOptions, whole: number, least = 1): number =>
  Math.max(least, Math.round(whole * scale))

/** Rounds of a part whose rounds are long. */
export const fewRuns = ({ runs }: BenchOptions): number => Math.min(runs, 3)
