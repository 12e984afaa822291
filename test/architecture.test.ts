/** Keeps the layers apart: reads the import lines of the sources and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join, relative, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")

interface Source {
  readonly file: string
  readonly text: string
  readonly lines: number
  /** Repository paths of relative imports, names of all others. */
  readonly imports: ReadonlyArray<string>
}

const specifiers = /\bfrom "([^"]+)"|\bimport\s*\(?\s*"([^"]+)"/g

const read = (file: string): Source => {
  const text = readFileSync(join(root, file), "utf8")
  const imports = [...text.matchAll(specifiers)].map(([, from, bare = ""]) => from ?? bare).map((
    specifier
  ) =>
    specifier.startsWith(".")
      ? relative(root, resolve(root, dirname(file), specifier))
      : specifier
  )
  return { file, text, lines: text.trimEnd().split("\n").length, imports }
}

const sourcesIn = (directory: string): ReadonlyArray<Source> =>
  readdirSync(join(root, directory), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => read(join(directory, file)))

const product = ["src", "services", "streams"].flatMap(sourcesIn)
const around = ["test", "dev"].flatMap(sourcesIn)
const everything = [...product, ...around]

const isIn = (directory: string) => ({ file }: Source): boolean => file.startsWith(`${directory}/`)
const isLayer = (file: string): boolean => file.startsWith("services/") && file.endsWith("Layer.ts")
const isPath = (specifier: string): boolean => specifier.endsWith(".ts")

/** `file -> import` for each import of these sources that `allowed` does not accept. */
const wrongImports = (
  sources: ReadonlyArray<Source>,
  allowed: (specifier: string, file: string) => boolean
): ReadonlyArray<string> =>
  sources.flatMap(({ file, imports }) =>
    imports.filter((specifier) => !allowed(specifier, file)).map((specifier) =>
      `${file} -> ${specifier}`
    )
  )

const layers = [
  "src/domain",
  "src/codec",
  "services",
  "streams",
  "src/cli",
  "src/main.ts",
  "src/heap.ts",
  "src/start.ts",
  "src/worker.ts"
]
const rank = (path: string): number =>
  layers.findIndex((layer) => path === layer || path.startsWith(`${layer}/`))

/** `node:buffer` names a type that is global anyway. */
const neutral: ReadonlySet<string> = new Set(["effect", "node:buffer"])

const codecPackages: ReadonlySet<string> = new Set([
  "effect",
  "node:buffer",
  "node:zlib",
  "@node-rs/crc32",
  "lz4-napi",
  "snappy"
])

describe("who may import whom", () => {
  it("every source has its place, and imports point down: start, main, cli, streams, services, codec, domain", () => {
    assert.deepStrictEqual(product.filter(({ file }) => rank(file) < 0).map(({ file }) => file), [])
    const upward = wrongImports(
      product,
      (specifier, file) =>
        !isPath(specifier) || (rank(specifier) >= 0 && rank(specifier) <= rank(file))
    )
    assert.deepStrictEqual(upward, [])
  })

  it("the domain knows effect only", () => {
    const domain = product.filter(isIn("src/domain"))
    assert.deepStrictEqual(wrongImports(domain, (name) => isPath(name) || name === "effect"), [])
  })

  it("the codec knows bytes, compression and checksums only", () => {
    const codec = product.filter(isIn("src/codec"))
    assert.deepStrictEqual(
      wrongImports(codec, (name) => isPath(name) || codecPackages.has(name)),
      []
    )
  })

  it("contracts and streams know no vendor and no Node", () => {
    const contracts = product.filter(isIn("services")).filter(({ file }) => !isLayer(file))
    const pure = [...contracts, ...product.filter(isIn("streams"))]
    assert.deepStrictEqual(wrongImports(pure, (name) => isPath(name) || neutral.has(name)), [])
  })

  it("implementations are wired in src/cli/Live.ts only", () => {
    const others = product.filter(({ file }) => file !== "src/cli/Live.ts" && !isLayer(file))
    assert.deepStrictEqual(wrongImports(others, (name) => !isLayer(name)), [])
  })

  it("the command line leaves Kafka, S3 and the system to services", () => {
    const cli = product.filter(isIn("src/cli"))
    const allowed = /^(effect|re2js|@effect\/(cli|platform)(\/.*)?)$/
    assert.deepStrictEqual(wrongImports(cli, (name) => isPath(name) || allowed.test(name)), [])
  })

  it("nothing of the product imports tests or tools", () => {
    assert.deepStrictEqual(wrongImports(product, (name) => !/^(test|dev)\//.test(name)), [])
  })
})

describe("how sources look", () => {
  it("only main runs effects; a layer may, from a vendor's callback", () => {
    const running = /\b(?:Effect|ManagedRuntime)\.run[A-Z]\w*/
    const bad = product.filter(({ file, text }) => file !== "src/main.ts" && running.test(text))
    assert.deepStrictEqual(bad.map(({ file }) => file), [])
    const runtime = product.filter(({ file, text }) =>
      !isLayer(file) && /\bRuntime\.run[A-Z]/.test(text)
    )
    assert.deepStrictEqual(runtime.map(({ file }) => file), [])
  })

  it("no barrels", () => {
    const barrels = everything.filter(({ file, text }) =>
      basename(file) === "index.ts" || /^export \* from/m.test(text)
    )
    assert.deepStrictEqual(barrels.map(({ file }) => file), [])
  })

  it("relative imports name the file", () => {
    const bad = wrongImports(
      everything,
      (name) => isPath(name) || !/^(src|services|streams|test|dev)\//.test(name)
    )
    assert.deepStrictEqual(bad, [])
  })

  it("nothing is forced past the compiler or left for later", () => {
    const forced =
      /\bas unknown as\b|@ts-(?:ignore|expect-error|nocheck)|(?:ox|es)lint-disable|\b(?:it|describe)\.skip\b|: any\b|<any>|\bTO(?:DO)\b/
    const self = "test/architecture.test.ts"
    const bad = everything.filter(({ file, text }) => file !== self && forced.test(text))
    assert.deepStrictEqual(bad.map(({ file }) => file), [])
  })

  it("no file is over 300 lines; the median is at most 80", () => {
    const long = everything.filter(({ lines }) => lines > 300)
    assert.deepStrictEqual(long.map(({ file, lines }) => `${file}: ${lines}`), [])
    const sorted = product.map(({ lines }) => lines).sort((a, b) => a - b)
    assert.isAtMost(sorted[Math.floor(sorted.length / 2)] ?? 0, 80)
  })
})
