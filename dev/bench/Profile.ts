/** The functions in which a profiled command spent its time, by their place in the sources. */
import { Schema } from "effect"
import fs from "node:fs"
import { SourceMap } from "node:module"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { table } from "../demo/Terminal.ts"

const Frame = Schema.Struct({
  functionName: Schema.String,
  url: Schema.String,
  lineNumber: Schema.Number,
  columnNumber: Schema.Number
})

/** The part of a V8 processor profile that is needed here. */
const CpuProfile = Schema.parseJson(Schema.Struct({
  nodes: Schema.Array(Schema.Struct({ id: Schema.Number, callFrame: Frame })),
  samples: Schema.Array(Schema.Number),
  timeDeltas: Schema.Array(Schema.Number)
}))

const decode = Schema.decodeUnknownSync(CpuProfile)

const sourceMaps = new Map<string, SourceMap | undefined>()

/** The map beside a bundle; undefined where there is none. */
const sourceMapOf = (url: string): SourceMap | undefined => {
  if (sourceMaps.has(url)) return sourceMaps.get(url)
  const file = url.startsWith("file:") ? `${fileURLToPath(url)}.map` : ""
  const map = fs.existsSync(file)
    ? new SourceMap(JSON.parse(fs.readFileSync(file, "utf8")))
    : undefined
  sourceMaps.set(url, map)
  return map
}

/** The last two names of a path say enough. */
const short = (file: string): string => file.split("/").slice(-2).join("/")

const placeOf = ({ columnNumber, lineNumber, url }: typeof Frame.Type): string => {
  if (url === "") return ""
  const found = sourceMapOf(url)?.findEntry(lineNumber, columnNumber)
  return found !== undefined && "originalSource" in found
    ? ` ${short(found.originalSource)}:${found.originalLine + 1}`
    : ` ${short(url)}:${lineNumber + 1}`
}

/** Waiting is not work: what is left of the time counts. */
const idle = "(idle)"

/** Own time by function, most first, as a table of `top` rows; shares are of the time not idle. */
export const topFunctions = (profile: string, top: number): string => {
  const { nodes, samples, timeDeltas } = decode(profile)
  const names = new Map(nodes.map(({ callFrame, id }) => [
    id,
    `${callFrame.functionName || "(anonymous)"}${placeOf(callFrame)}`
  ]))
  const times = new Map<string, number>()
  let total = 0
  samples.forEach((id, at) => {
    const name = names.get(id) ?? "?"
    if (name === idle) return
    const delta = timeDeltas[at] ?? 0
    times.set(name, (times.get(name) ?? 0) + delta)
    total += delta
  })
  const rows = [...times].sort((a, b) => b[1] - a[1]).slice(0, top)
  return table(rows.map(([name, micros]) => [
    name,
    `${(micros / 1000).toFixed(0)} ms`,
    `${(micros / total * 100).toFixed(1)} %`
  ]))
}

/** Every profile below the directory, each thread by itself, with its table. */
export const profileReport = (directory: string, top: number): string => {
  const files = fs.readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".cpuprofile"))
  return files.map((file) => {
    const text = fs.readFileSync(path.join(directory, file), "utf8")
    return `\n${path.dirname(file)}\n${topFunctions(text, top)}`
  }).join("\n")
}
