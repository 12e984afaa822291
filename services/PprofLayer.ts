/** Writes stacks as a gzipped `profile.proto`, the format of pprof. */
import { Effect } from "effect"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import type { FunctionInput, LocationInput, SampleInput, ValueTypeInput } from "pprof-format"
import type { StackNode, Stacks } from "./ProfileStacks.ts"
import { ProfilingError } from "./Profiling.ts"
import type { ScriptPlace, SourcePlace } from "./SourceNamesLayer.ts"
import { sourcePlaces } from "./SourceNamesLayer.ts"

type Quantity = readonly [type: string, unit: string]

export interface ProfileFacts {
  /** What the values of each measurement are, in their order. */
  readonly sampleTypes: ReadonlyArray<Quantity>
  /** What passes from one sample to the next. */
  readonly period: { readonly type: Quantity; readonly value: number }
  readonly startedMs: number
  readonly durationNanos: number
  /** Shown by `go tool pprof -comments`. */
  readonly comments: ReadonlyArray<string>
}

const zip = promisify(gzip)

/** Collects what is there once under an id from 1 on. */
const table = <A>() => {
  const ids = new Map<string, number>()
  const rows: Array<A> = []
  return {
    rows,
    idOf: (key: string, row: (id: number) => A): number => {
      const known = ids.get(key)
      if (known !== undefined) return known
      const id = ids.size + 1
      ids.set(key, id)
      rows.push(row(id))
      return id
    }
  }
}

/** V8's root is no function. */
const isFunction = ({ functionName }: StackNode): boolean => functionName !== "(root)"

/** Every place that a profile of these stacks names. */
const placesIn = ({ measured, nodes }: Stacks): ReadonlyArray<ScriptPlace> => [
  ...nodes,
  ...measured.flatMap(({ line, node }) => {
    const url = nodes[node]?.url
    return url === undefined || line === undefined ? [] : [{ url, line, column: 0 }]
  })
]

/** pprof shows names alone, so a name says the file and line too, as Go's say the package. */
const fullName = (name: string, { file, line }: SourcePlace): string =>
  file === "" ? name : `${name} ${file}:${line}`

const encode = async (
  { measured, nodes }: Stacks,
  facts: ProfileFacts,
  sourceOf: (place: ScriptPlace) => SourcePlace
): Promise<Uint8Array> => {
  // Loaded by those who profile only.
  const { Profile, StringTable } = await import("pprof-format")
  const strings = new StringTable()
  const text = (string: string): number => strings.dedup(string)
  const quantity = ([type, unit]: Quantity): ValueTypeInput => ({
    type: text(type),
    unit: text(unit)
  })
  const functions = table<FunctionInput>()
  const locations = table<LocationInput>()

  const locationOf = (node: StackNode, line: number | undefined): number => {
    const name = node.functionName === "" ? "(anonymous)" : node.functionName
    const begin = sourceOf(node)
    const functionId = functions.idOf(`${name} ${node.url}:${node.line}:${node.column}`, (id) => ({
      id,
      name: text(fullName(name, begin)),
      systemName: text(name),
      filename: text(begin.file),
      startLine: begin.line
    }))
    const at = line === undefined ? begin : sourceOf({ url: node.url, line, column: 0 })
    // A line that the map does not know is one of the script, not of the function's source.
    const shown = at.file === begin.file ? at.line : begin.line
    return locations.idOf(`${functionId}:${shown}`, (id) => ({
      id,
      mappingId: 1,
      line: [{ functionId, line: shown }]
    }))
  }

  const sample = measured.map(({ line, node, values }): SampleInput => {
    const locationId: Array<number> = []
    let own = line
    for (let next = nodes[node]; next !== undefined && isFunction(next);) {
      locationId.push(locationOf(next, own))
      own = undefined
      next = next.parent === undefined ? undefined : nodes[next.parent]
    }
    return { locationId, value: [...values] }
  })
  const profile = new Profile({
    sampleType: facts.sampleTypes.map(quantity),
    sample,
    // Says that all names are known, so that nobody looks for symbols in a binary.
    mapping: [{
      id: 1,
      filename: text(process.argv[1] ?? process.execPath),
      hasFunctions: true,
      hasFilenames: true,
      hasLineNumbers: true
    }],
    location: locations.rows,
    function: functions.rows,
    timeNanos: BigInt(facts.startedMs) * 1_000_000n,
    durationNanos: Math.round(facts.durationNanos),
    periodType: quantity(facts.period.type),
    period: facts.period.value,
    comment: facts.comments.map(text),
    stringTable: strings
  })
  return zip(await profile.encodeAsync())
}

export const encodeProfile = (
  stacks: Stacks,
  facts: ProfileFacts
): Effect.Effect<Uint8Array, ProfilingError> =>
  Effect.flatMap(sourcePlaces(placesIn(stacks)), (sourceOf) =>
    Effect.tryPromise({
      try: () => encode(stacks, facts, sourceOf),
      catch: (cause) =>
        new ProfilingError({ reason: "Failed", operation: "file of the profile", cause })
    }))
