/** The start of the built program: what it loads for what is asked, and the cache of compiled code. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Metafile } from "esbuild"
import fs from "node:fs"
import path from "node:path"
import { buildBundle } from "../../dev/build.ts"
import { commands } from "../../src/cli/Commands.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"
import { finished } from "./BuiltProgram.ts"

const root = path.resolve(import.meta.dirname, "../..")
const bundle = path.join(root, "node_modules/.cache/kafka-data-keep-test/start.mjs")
const parts = bundle.replace(/\.mjs$/, "")
const leftover = path.join(parts, "chunk-OF-ANOTHER-BUILD.mjs")

let outputs: Metafile["outputs"] = {}

/** The file of the build that begins with this source. */
const fileOf = (source: string): string =>
  Object.keys(outputs).find((file) => outputs[file]?.entryPoint === source) ??
    assert.fail(`nothing begins with ${source}`)

/** The file and all that it imports before it runs. */
const loadedWith = (file: string, known: ReadonlySet<string> = new Set()): ReadonlySet<string> =>
  (outputs[file]?.imports ?? [])
    .filter((each) => each.kind === "import-statement" && each.external !== true)
    .reduce<ReadonlySet<string>>(
      (files, each) => files.has(each.path) ? files : loadedWith(each.path, files),
      new Set([...known, file])
    )

const sourcesOf = (files: ReadonlySet<string>): ReadonlyArray<string> =>
  [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}))

const vendors =
  /node_modules\/(kafkajs|avsc|@aws-sdk|@smithy|@effect\/opentelemetry|pprof-format)\//

const keep = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  finished(process.execPath, [bundle, ...args], env)

const plan = ["topics-plan-restore", "-store", `file://${root}/test/fixtures/archive`]
  .concat("-s3-prefix", "", "-dry-run", "-metrics-port", "0", "-log-level", "error")

const asked: ReadonlyArray<ReadonlyArray<string>> = [
  ["--version"],
  ["--help"],
  ["topics-restore", "--help"],
  ["topics-restor"],
  ["topics-restore", "-store", "nowhere"],
  plan
]

/** What all of these answer. */
const answers = (env: Readonly<Record<string, string>>) =>
  Effect.forEach(asked, (args) => keep(args, env))

const filesBelow = (directory: string): ReadonlyArray<string> =>
  fs.existsSync(directory)
    ? fs.readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => path.join(each.parentPath, each.name))
    : []

beforeAll(async () => {
  fs.mkdirSync(parts, { recursive: true })
  fs.writeFileSync(leftover, "")
  const metafile = await buildBundle(bundle)
  outputs = metafile.outputs
}, 300_000)

describe("what is loaded", () => {
  it("for the version, next to nothing", () => {
    const sources = sourcesOf(loadedWith(fileOf("src/start.ts")))
    assert.sameMembers([...sources], [
      "src/start.ts",
      "src/heap.ts",
      "src/cli/Preflight.ts",
      "src/cli/Version.ts"
    ])
  })

  it.scoped("the version needs no other file", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const alone = path.join(directory, path.basename(bundle))
      fs.mkdirSync(path.join(directory, path.basename(parts)))
      for (const file of loadedWith(fileOf("src/start.ts"))) {
        fs.copyFileSync(
          path.join(root, file),
          path.join(directory, path.relative(path.dirname(bundle), path.join(root, file)))
        )
      }
      const { code, stderr, stdout } = yield* finished(process.execPath, [alone, "--version"])
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
    }))

  it("for help, nothing of the work", () => {
    const sources = sourcesOf(loadedWith(fileOf("src/main.ts")))
    assert.deepStrictEqual(
      sources.filter((source) => /^(streams|services)\//.test(source) || vendors.test(source)),
      []
    )
  })

  it("for the work, no vendor before it is used", () => {
    const works = Object.values(outputs)
      .flatMap(({ entryPoint = "" }) => entryPoint)
      .filter((source) => source.startsWith("src/cli/work/"))
    assert.lengthOf(works, commands.length)
    for (const work of [...works, "src/cli/Working.ts"]) {
      const sources = sourcesOf(loadedWith(fileOf(work)))
      assert.deepStrictEqual(sources.filter((source) => vendors.test(source)), [], work)
    }
  })

  it("no part of another build stays behind", () => {
    assert.isFalse(fs.existsSync(leftover))
    const made = Object.keys(outputs).map((file) => path.join(root, file))
    assert.sameMembers([...filesBelow(parts)], made.filter((file) => file.startsWith(`${parts}/`)))
  })
})

describe("the cache of compiled code", () => {
  it.scoped("is filled and read without a trace in what is said", () =>
    Effect.gen(function*() {
      const home = yield* temporaryDirectory
      const without = yield* answers({})
      assert.deepStrictEqual(without.map(({ code }) => code), [0, 0, 0, 2, 2, 0])
      const cache = path.join(home, ".cache", "kafka-data-keep")
      assert.deepStrictEqual(yield* answers({ HOME: home }), without)
      assert.isNotEmpty(filesBelow(cache))
      assert.deepStrictEqual(yield* answers({ HOME: home }), without)
      for (const file of filesBelow(cache)) fs.writeFileSync(file, "no compiled code")
      assert.deepStrictEqual(yield* answers({ HOME: home }), without)
    }), 300_000)

  it.scoped("is where XDG_CACHE_HOME says, if that is absolute", () =>
    Effect.gen(function*() {
      const [home, caches] = [yield* temporaryDirectory, yield* temporaryDirectory]
      yield* keep(["--help"], { HOME: home, XDG_CACHE_HOME: caches })
      assert.isNotEmpty(filesBelow(path.join(caches, "kafka-data-keep")))
      assert.deepStrictEqual(filesBelow(home), [])
      yield* keep(["--help"], { HOME: home, XDG_CACHE_HOME: "caches" })
      assert.isNotEmpty(filesBelow(path.join(home, ".cache", "kafka-data-keep")))
      assert.isFalse(fs.existsSync(path.join(root, "caches")))
    }), 300_000)

  it.scoped(
    "is not needed: a directory that cannot be made changes nothing",
    () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        const file = path.join(directory, "file")
        fs.writeFileSync(file, "")
        const without = yield* answers({})
        assert.deepStrictEqual(
          yield* answers({ XDG_CACHE_HOME: path.join(file, "cache") }),
          without
        )
        assert.deepStrictEqual(yield* answers({ HOME: file }), without)
      }),
    300_000
  )

  it.scoped("is not made for the version", () =>
    Effect.gen(function*() {
      const home = yield* temporaryDirectory
      yield* keep(["--version"], { HOME: home })
      assert.deepStrictEqual(filesBelow(home), [])
    }))
})
