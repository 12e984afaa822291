/** The profiling endpoints in this process. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { gunzipSync } from "node:zlib"
import { Profile } from "pprof-format"
import { HttpListener } from "../../services/HttpListener.ts"
import { HttpListenerLayer } from "../../services/HttpListenerLayer.ts"
import { ProfilingLayer } from "../../services/ProfilingLayer.ts"
import { ProfilingServerLayer } from "../../services/ProfilingServerLayer.ts"

const commandLine = [
  "/bin/node",
  "keep.mjs",
  "topics-backup",
  "-kafka-sasl-password",
  "hunter2",
  "--kafka-sasl-password=hunter2",
  "-kafka-sasl-password-file",
  "/etc/password",
  "-s3-endpoint",
  "http://me:hunter2@localhost:9000"
]

/** The port of a server with those settings. */
const serving = (port: number) =>
  Effect.gen(function*() {
    let taken = 0
    const real = yield* HttpListener
    const listener = Layer.succeed(HttpListener, {
      listen: (options) => Effect.tap(real.listen(options), (own) => Effect.sync(() => taken = own))
    })
    yield* Layer.build(
      Layer.provide(ProfilingServerLayer({ port, commandLine }), [listener, ProfilingLayer])
    )
    return taken
  })

const ask = (port: number, path: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/debug/pprof${path}`, init)
    const body = Buffer.from(await response.arrayBuffer())
    return { status: response.status, body, text: body.toString(), headers: response.headers }
  })

const decoded = (body: Buffer) => {
  const profile = Profile.decode(gunzipSync(body))
  const text = (at: number | bigint) => profile.stringTable.strings[Number(at)] ?? ""
  return {
    profile,
    types: profile.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`),
    functions: profile.function.map(({ filename, name, startLine, systemName }) => ({
      name: text(name),
      systemName: text(systemName),
      file: text(filename),
      startLine: Number(startLine)
    }))
  }
}

function spinUntilTheProfileIsTaken(milliseconds: number): number {
  const end = Date.now() + milliseconds
  let sum = 0
  while (Date.now() < end) sum += Math.sqrt(sum + 1)
  return sum
}

const held: Array<ReadonlyArray<number>> = []
function holdSomeMegabytes(): void {
  for (let at = 0; at < 100_000; at++) held.push([at, at + 1, at + 2, at + 3, at + 4, at + 5])
}

const testFile = /ProfilingServer\.test\.ts$/

layer(HttpListenerLayer, { excludeTestServices: true })("the profiling server", (it) => {
  it.scoped("says what there is", () =>
    Effect.gen(function*() {
      const port = yield* serving(0)
      for (const path of ["", "/"]) {
        const page = yield* ask(port, path)
        assert.strictEqual(page.headers.get("content-type"), "text/html; charset=utf-8")
        assert.include(page.text, `http://127.0.0.1:${port}/debug/pprof/profile?seconds=10`)
      }
      const page = yield* ask(port, "/")
      const links = [...page.text.matchAll(/href="\/debug\/pprof\/(\w+)"/g)].map(([, name]) => name)
      assert.deepStrictEqual(links, ["profile", "heap", "trace", "cmdline", "symbol"])
    }))

  it.scoped("shows the command line without secrets", () =>
    Effect.gen(function*() {
      const { text } = yield* ask(yield* serving(0), "/cmdline")
      assert.deepStrictEqual(text.split("\0"), [
        ...commandLine.slice(0, 4),
        "***",
        "--kafka-sasl-password=***",
        "-kafka-sasl-password-file",
        "/etc/password",
        "-s3-endpoint",
        "http://***@localhost:9000"
      ])
    }))

  it.scoped("answers symbol, and refuses the rest in a sentence", () =>
    Effect.gen(function*() {
      const port = yield* serving(0)
      assert.strictEqual((yield* ask(port, "/symbol")).text, "num_symbols: 1\n")
      const posted = yield* ask(port, "/symbol", { method: "POST", body: "0x1+0x2" })
      assert.strictEqual(posted.text, "num_symbols: 1\n")
      for (const seconds of ["0", "-1", "601", "1.5", "x", ""]) {
        const { status, text } = yield* ask(port, `/profile?seconds=${seconds}`)
        assert.deepStrictEqual([status, text], [
          400,
          "seconds has to be a whole number from 1 to 600\n"
        ])
      }
      assert.strictEqual((yield* ask(port, "/trace?seconds=61")).status, 400)
      const missing = yield* ask(port, "/goroutine")
      assert.deepStrictEqual([missing.status, missing.text], [
        404,
        "there is no such profile, see /debug/pprof/\n"
      ])
      const wrong = yield* ask(port, "/profile?seconds=1", { method: "POST" })
      assert.deepStrictEqual([wrong.status, wrong.headers.get("allow")], [405, "GET"])
    }))

  it.scoped("takes a CPU profile that names what was busy", () =>
    Effect.gen(function*() {
      const port = yield* serving(0)
      const asked = yield* Effect.fork(ask(port, "/profile?seconds=1"))
      yield* Effect.sleep("300 millis")
      spinUntilTheProfileIsTaken(300)
      const { body, headers, status } = yield* Fiber.join(asked)
      assert.strictEqual(status, 200)
      assert.strictEqual(headers.get("content-type"), "application/octet-stream")
      const { functions, profile, types } = decoded(body)
      assert.deepStrictEqual(types, ["samples/count", "cpu/nanoseconds"])
      const busy = functions.findIndex(({ systemName }) =>
        systemName === "spinUntilTheProfileIsTaken"
      )
      const { file = "", name = "", startLine = 0 } = functions[busy] ?? {}
      assert.match(file, testFile)
      assert.strictEqual(name, `spinUntilTheProfileIsTaken ${file}:${startLine}`)
      const places = new Set(
        profile.location.filter(({ line }) => line[0]?.functionId === busy + 1).map(({ id }) => id)
      )
      const nanos = profile.sample.filter(({ locationId }) => places.has(locationId[0] ?? 0))
        .reduce((sum, { value }) => sum + Number(value[1]), 0)
      assert.isAbove(nanos, 100e6)
      assert.isBelow(nanos, 500e6)
      assert.isAtLeast(Number(profile.durationNanos), 1e9)
      assert.isBelow(Math.abs(Number(profile.timeNanos) / 1e6 - Date.now()), 60_000)
      assert.isEmpty(functions.filter(({ systemName }) => systemName === "(idle)"))
    }))

  it.scoped("takes one CPU profile at a time, until the client goes away", () =>
    Effect.gen(function*() {
      const port = yield* serving(0)
      const leaving = new AbortController()
      const first = yield* Effect.fork(
        Effect.promise(() =>
          fetch(`http://127.0.0.1:${port}/debug/pprof/profile`, { signal: leaving.signal })
            .then(() => "answered", () => "left")
        )
      )
      yield* Effect.sleep("300 millis")
      const second = yield* ask(port, "/profile?seconds=1")
      assert.deepStrictEqual([second.status, second.text], [
        409,
        "another CPU profile is being taken, try again later\n"
      ])
      leaving.abort()
      assert.strictEqual(yield* Fiber.join(first), "left")
      yield* Effect.sleep("300 millis")
      assert.strictEqual((yield* ask(port, "/profile?seconds=1")).status, 200)
    }))

  it.scoped("takes a heap profile of what is alive since the start", () =>
    Effect.gen(function*() {
      const port = yield* serving(0)
      holdSomeMegabytes()
      const { body } = yield* ask(port, "/heap?gc=1")
      const { functions, profile, types } = decoded(body)
      assert.deepStrictEqual(types, ["inuse_objects/count", "inuse_space/bytes"])
      const holder = functions.find(({ systemName }) => systemName === "holdSomeMegabytes")
      assert.match(holder?.file ?? "", testFile)
      const bytes = profile.sample.reduce((sum, { value }) => sum + Number(value[1]), 0)
      assert.isAbove(bytes, 4e6)
      assert.strictEqual(held.length, 100_000)
    }))

  it.scoped("takes a trace, again after one that was broken off", () =>
    Effect.gen(function*() {
      const port = yield* serving(0)
      const url = `http://127.0.0.1:${port}/debug/pprof/trace?seconds=60`
      yield* Effect.promise(() =>
        fetch(url, { signal: AbortSignal.timeout(300) }).then(() => "answered", () => "left")
      )
      yield* Effect.sleep("300 millis")
      const asked = yield* Effect.fork(ask(port, "/trace"))
      yield* Effect.sleep("300 millis")
      yield* ask(port, "/heap?gc=1")
      const { headers, text } = yield* Fiber.join(asked)
      assert.strictEqual(headers.get("content-type"), "application/json")
      const trace: { readonly traceEvents: ReadonlyArray<{ readonly cat: string }> } = JSON.parse(
        text
      )
      const categories = trace.traceEvents.flatMap(({ cat }) => cat.split(","))
      assert.include(categories, "v8")
      assert.notInclude(categories, "node.async_hooks")
    }))

  it.scoped("a port in use is no failure", () =>
    Effect.gen(function*() {
      const port = yield* serving(0)
      assert.strictEqual(yield* serving(port), 0)
    }))
})
