/** Lookups in source maps, held against those of Node on the map of a real bundle. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { build } from "esbuild"
import fc from "fast-check"
import { SourceMap } from "node:module"
import { resolve } from "node:path"
import { originals } from "../../src/codec/SourceMap.ts"

const Payload = Schema.Struct({
  version: Schema.Number,
  mappings: Schema.String,
  sources: Schema.mutable(Schema.Array(Schema.String)),
  names: Schema.mutable(Schema.Array(Schema.String))
})
const decode = Schema.decodeUnknownSync(Schema.parseJson(Payload))

/** The map of part of the program, without what it imports. */
const bundled = async () => {
  const { outputFiles } = await build({
    entryPoints: [resolve(import.meta.dirname, "../../src/codec/SourceMap.ts")],
    bundle: true,
    write: false,
    format: "esm",
    sourcemap: "external",
    outfile: "out.js"
  })
  const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ""
  return { payload: decode(text(".map")), lines: text(".js").split("\n") }
}

describe("a source map", () => {
  it("answers what Node answers, wherever a line has an original", async () => {
    const { lines, payload } = await bundled()
    const oracle = new SourceMap({ file: "", sourcesContent: [], sourceRoot: "", ...payload })
    const place = fc.record({
      line: fc.nat(lines.length - 1),
      column: fc.nat(60)
    })
    let compared = 0
    fc.assert(fc.property(fc.array(place, { maxLength: 20 }), (places) => {
      originals(payload.mappings, places).forEach((found, at) => {
        const { column = 0, line = 0 } = places[at] ?? {}
        const entry = oracle.findEntry(line, column)
        // Node goes back to lines before, where a place lies before the first segment of its own.
        if (!("originalLine" in entry) || entry.generatedLine !== line) return
        compared += 1
        assert.strictEqual(found?.line, entry.originalLine)
        assert.strictEqual(payload.sources[found?.source ?? -1], entry.originalSource)
      })
    }))
    assert.isAbove(compared, 100)
  })

  it("takes the first segment of a line for what lies before it", () => {
    // Line 0 has a segment at column 4, line 1 none, line 2 one without an original.
    const places = [{ line: 0, column: 0 }, { line: 1, column: 0 }, { line: 2, column: 9 }]
    assert.deepStrictEqual(originals("IAMA;;E", places), [
      { source: 0, line: 6 },
      undefined,
      undefined
    ])
  })
})
