/** The Nix flake as far as it can be checked without Nix. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import fs from "node:fs"
import path from "node:path"

const root = path.resolve(import.meta.dirname, "..", "..")
const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")

const Manifest = Schema.parseJson(Schema.Struct({
  name: Schema.String,
  bin: Schema.Record({ key: Schema.String, value: Schema.String }),
  license: Schema.String,
  scripts: Schema.Record({ key: Schema.String, value: Schema.String }),
  devDependencies: Schema.Record({ key: Schema.String, value: Schema.String })
}))

const flake = read("flake.nix")
const manifest = Schema.decodeUnknownSync(Manifest)(read("package.json"))

/** Code without comments and string contents; throws where a string does not end. */
const withoutText = (source: string): string => {
  const token = /#[^\n]*|''(?:[^']|'(?!'))*''|"(?:[^"\\\n]|\\.)*"|["]|''/g
  return source.replace(token, (text) => {
    if (text === "\"" || text === "''") throw new Error("a string without an end")
    return text.startsWith("#") ? "" : "\"\""
  })
}

const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" }

/** Undefined when every bracket has its partner, else what is wrong. */
const unbalanced = (code: string): string | undefined => {
  const open: Array<string> = []
  for (const sign of code) {
    if (closing[sign] !== undefined) open.push(closing[sign])
    else if (")]}".includes(sign) && open.pop() !== sign) return `unexpected ${sign}`
  }
  return open.length === 0 ? undefined : `missing ${open.join("")}`
}

describe("flake.nix", () => {
  const code = withoutText(flake)

  it("has balanced brackets and closed strings", () => {
    assert.isUndefined(unbalanced(code))
    assert.throws(() => withoutText("a = \"b;\n"))
    assert.strictEqual(unbalanced("{ a = [ ]; "), "missing }")
  })

  it("ends every binding with a semicolon", () => {
    const bindings = code.match(/^\s*[\w.]+ = [^;{[(]*$/gm) ?? []
    assert.deepStrictEqual(bindings, [])
  })

  it("takes name, version and description from package.json", () => {
    for (const field of ["name", "version", "description"]) {
      assert.include(flake, `manifest.${field}`)
    }
    assert.strictEqual(manifest.license, "MIT")
    assert.include(flake, "licenses.mit")
  })

  it("names the program and the build as package.json does", () => {
    assert.hasAllKeys(manifest.bin, ["kafka-data-keep"])
    assert.include(flake, "mainProgram = \"kafka-data-keep\"")
    assert.include(flake, manifest.scripts["build"] ?? "no build script")
  })

  it("uses the Node line of the development dependencies", () => {
    const major = manifest.devDependencies["node"]?.split(".")[0]
    const used = new Set([...flake.matchAll(/nodejs_(\d+)/g)].map(([, version]) => version))
    assert.deepStrictEqual([...used], [major])
  })

  it("offers what the local stack is installed and run with", () => {
    for (const tool of ["jdk17", "maven", "go"]) assert.include(flake, `pkgs.${tool}\n`)
  })
})
