/** Tells where in the sources a place of a running script comes from. */
import { Effect, Schema } from "effect"
import { readFile } from "node:fs/promises"
import { isAbsolute, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { originals } from "../src/codec/SourceMap.ts"

/** A place in a running script. */
export interface ScriptPlace {
  readonly url: string
  /** From 1. */
  readonly line: number
  /** From 0. */
  readonly column: number
}

export interface SourcePlace {
  /** Relative to the project; `node_modules/…` for packages; empty for what is no script. */
  readonly file: string
  /** From 1. */
  readonly line: number
}

type Finder = (place: ScriptPlace) => SourcePlace

/** As `dev/build.ts` writes it: the sources under the names that the project has for them. */
const SourceMap = Schema.parseJson(
  Schema.Struct({
    mappings: Schema.String,
    sourceRoot: Schema.String,
    sources: Schema.Array(Schema.String)
  })
)

const pathOf = (url: string): string => url.startsWith("file:") ? fileURLToPath(url) : url

/** The running script itself, in a short form where there is one. */
const scriptPlace: Finder = ({ line, url }) => {
  const path = pathOf(url)
  const below = relative(process.cwd(), path)
  const file = !isAbsolute(path) || below.startsWith("..") ? path : below
  return { file: file.replace(/^.*\/node_modules\//, "node_modules/"), line }
}

const keyOf = ({ column, line }: ScriptPlace): string => `${line}:${column}`

/** Reads the map beside the script; the text is given back to the collector at once. */
const mapped = (url: string, places: ReadonlyArray<ScriptPlace>) =>
  Effect.gen(function*() {
    const path = pathOf(url)
    const text = yield* Effect.tryPromise(() => readFile(`${path}.map`, "utf8"))
    const { mappings, sources } = yield* Schema.decode(SourceMap)(text)
    const found = originals(
      mappings,
      places.map(({ column, line }) => ({ line: line - 1, column }))
    )
    const known = new Map(places.flatMap((place, at) => {
      const original = found[at]
      const file = original === undefined ? undefined : sources[original.source]
      return original === undefined || file === undefined
        ? []
        : [[keyOf(place), { file, line: original.line + 1 }] as const]
    }))
    return (place: ScriptPlace): SourcePlace => known.get(keyOf(place)) ?? scriptPlace(place)
  })

/**
 * Finds each of these places through the source map that lies beside its script. Without a map
 * the place is that in the script.
 */
export const sourcePlaces = (places: ReadonlyArray<ScriptPlace>): Effect.Effect<Finder> =>
  Effect.gen(function*() {
    const scripts = new Map<string, Array<ScriptPlace>>()
    for (const place of places) {
      const there = scripts.get(place.url)
      if (there === undefined) scripts.set(place.url, [place])
      else there.push(place)
    }
    const finders = new Map<string, Finder>()
    const without: Array<string> = []
    yield* Effect.forEach(scripts, ([url, there]) =>
      isAbsolute(pathOf(url))
        ? Effect.match(mapped(url, there), {
          onFailure: () => void without.push(url),
          onSuccess: (finder) => void finders.set(url, finder)
        })
        : Effect.void, { concurrency: 8, discard: true })
    if (without.length > 0) {
      yield* Effect.annotateLogs(Effect.logDebug("no source map, the script is named instead"), {
        scripts: without.length,
        first: without[0]
      })
    }
    return (place) => (finders.get(place.url) ?? scriptPlace)(place)
  })
