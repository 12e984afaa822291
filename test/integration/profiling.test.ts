/** Profiles of the built program under load, read by `go tool pprof`. */
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import fs from "node:fs/promises"
import { resolve } from "node:path"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { finished } from "../cli/BuiltProgram.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { SharedStack } from "../support/SharedStack.ts"
import { noise, someTopics, steadyProducer } from "../support/SteadyProducer.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"

/** Kept from run to run: Go builds the tool at its first use, which takes a minute. */
const goCache = resolve(import.meta.dirname, "../../node_modules/.cache/go-build")

/** `go tool pprof`, leaving its files in that directory. */
const pprof = (directory: string, ...args: ReadonlyArray<string>) =>
  finished("go", ["tool", "pprof", ...args], {
    PATH: process.env["PATH"] ?? "",
    HOME: directory,
    GOCACHE: goCache,
    GOTOOLCHAIN: "local",
    PPROF_TMPDIR: directory
  })

const BuiltTool = Layer.scopedDiscard(
  Effect.flatMap(temporaryDirectory, (directory) => pprof(directory, "-h"))
)

/** What it says about a profile. */
const report = (place: Workplace, ...args: ReadonlyArray<string>) =>
  Effect.map(pprof(place.file(""), ...args), ({ code, stderr, stdout }) => {
    assert.strictEqual(code, 0, stderr)
    return stdout
  })

const Live = Layer.mergeAll(TruthLayer, BundleLayer("profiling"), BuiltTool).pipe(
  Layer.provideMerge(SharedStack)
)

/** A busy backup, asked for profiles. */
const profiled = Effect.fnUntraced(function*(place: Workplace) {
  const truth = yield* Truth
  const { regex, topics } = yield* someTopics("profiled", [3])
  yield* truth.produce(noise(topics, 1000))
  const args = ["topics-backup", "-topics-regex", regex, "-working-dir", place.file("buffer")]
  const backup = yield* place.run([...args, "-enable-pprof", "-pprof-port", "0"])
  const { host, path, port } = yield* backup.said("profiles are served")
  yield* steadyProducer(topics, 200)
  const address = `http://${String(host)}:${String(port)}${String(path)}`
  /** The answer in a file; returns its path. */
  const saved = (what: string, name: string) =>
    Effect.promise(async () => {
      const response = await fetch(`${address}${what}`)
      const body = Buffer.from(await response.arrayBuffer())
      assert.strictEqual(response.status, 200, body.toString().slice(0, 300))
      await fs.writeFile(place.file(name), body)
      return place.file(name)
    })
  return { backup, address, saved }
})

/** Functions of the project itself, as `loop streams/ReadLog.ts:12`. */
const ownFunction = / (?:src|services|streams)\/\S+\.ts:\d+$/m

/** How many lines of a report tell of such a place. */
const rows = (top: string, place: string): number =>
  top.split("\n").filter((line) => line.includes(place)).length

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("profiling", (it) => {
  it.scoped(
    "shows go tool pprof the functions of a busy backup under their source names",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { address, backup, saved } = yield* profiled(place)

        const cpu = yield* saved("profile?seconds=3", "cpu.pb.gz")
        const top = yield* report(place, "-top", "-nodefraction=0", cpu)
        assert.match(top, /^Type: cpu$/m)
        assert.match(top, ownFunction)
        assert.match(top, / node_modules\/effect\/src\/\S+\.ts:\d+/)
        // The bundler writes a few functions of its own, such as getters of a module's exports.
        assert.isBelow(rows(top, ".mjs:"), rows(top, ".ts:") / 10)

        const heap = yield* saved("heap", "heap.pb.gz")
        const held = yield* report(place, "-top", "-nodefraction=0", heap)
        assert.match(held, /^Type: inuse_space$/m)
        assert.match(held, / (?:src|services|streams|node_modules)\/\S+\.[jt]s:\d+$/m)
        assert.match(yield* report(place, "-comments", heap), /^arrayBuffers: [\d.]+ MiB$/m)

        const trace = yield* saved("trace?seconds=2", "trace.json")
        const text = yield* Effect.promise(() => fs.readFile(trace, "utf8"))
        const { traceEvents }: { readonly traceEvents: ReadonlyArray<unknown> } = JSON.parse(text)
        assert.isNotEmpty(traceEvents)

        assert.match(yield* report(place, "-top", `${address}profile?seconds=1`), /^Type: cpu$/m)
        const stopped = yield* backup.stop("SIGTERM")
        assert.strictEqual(stopped.code, 0, stopped.stderr)
      }),
    120_000
  )

  it.scoped("stops at once while a profile is being taken", () =>
    Effect.gen(function*() {
      const place = yield* workplace
      const { address, backup } = yield* profiled(place)
      const asked = fetch(`${address}profile?seconds=600`).then(() => "answered", () => "cut")
      yield* Effect.sleep("1 second")
      const { status } = yield* Effect.promise(() => fetch(`${address}profile?seconds=1`))
      assert.strictEqual(status, 409)
      const [took, { code, stderr }] = yield* Effect.timed(backup.stop("SIGTERM"))
      assert.strictEqual(code, 0, stderr)
      assert.isBelow(Duration.toMillis(took), 20_000)
      assert.strictEqual(yield* Effect.promise(() => asked), "cut")
    }), 240_000)
})
