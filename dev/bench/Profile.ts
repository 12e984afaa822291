/** The functions in which a profiled command spent its time. */
import { Schema } from "effect"
import fs from "node:fs"
import path from "node:path"
import { table } from "../demo/Terminal.ts"

/** The part of a V8 processor profile that is needed here. */
const CpuProfile = Schema.parseJson(Schema.Struct({
  nodes: Schema.Array(Schema.Struct({
    id: Schema.Number,
    callFrame: Schema.Struct({
      functionName: Schema.String,
      url: Schema.String,
      lineNumber: Schema.Number
    })
  })),
  samples: Schema.Array(Schema.Number),
  timeDeltas: Schema.Array(Schema.Number)
}))

const decode = Schema.decodeUnknownSync(CpuProfile)

/** Own time by function, most first, as a table of `top` rows. */
export const topFunctions = (profile: string, top: number): string => {
  const { nodes, samples, timeDeltas } = decode(profile)
  const names = new Map(nodes.map(({ callFrame: { functionName, lineNumber, url }, id }) => {
    const place = url === "" ? "" : ` ${path.basename(url)}:${lineNumber + 1}`
    return [id, `${functionName || "(anonymous)"}${place}`]
  }))
  const times = new Map<string, number>()
  let total = 0
  samples.forEach((id, at) => {
    const name = names.get(id) ?? "?"
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

/** Every profile below the directory, each with its table. */
export const profileReport = (directory: string, top: number): string => {
  const files = fs.readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".cpuprofile"))
  return files.map((file) => {
    const text = fs.readFileSync(path.join(directory, file), "utf8")
    return `\n${path.dirname(file)}\n${topFunctions(text, top)}`
  }).join("\n")
}
