/** What the built program does with signals. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Running } from "./BuiltProgram.ts"
import { built, finished, started } from "./BuiltProgram.ts"

let bundle = ""

const directory = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "kafka-data-keep-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** A broker that takes connections and never answers: the backup waits for it. */
const silentBroker = Effect.acquireRelease(
  Effect.async<{ readonly port: number; readonly stop: () => void }>((resume) => {
    const server = createServer(() => undefined)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ port, stop: () => void server.close() }))
    })
  }),
  ({ stop }) => Effect.sync(stop)
)

const said = (running: Running, words: string) =>
  Effect.suspend(() =>
    running.stderr().includes(words) ? Effect.void : Effect.fail(`${words} in ${running.stderr()}`)
  ).pipe(Effect.retry(Schedule.spaced("20 millis").pipe(Schedule.upTo("15 seconds"))))

describe("signals", () => {
  beforeAll(async () => {
    bundle = await built("signals")
  }, 60_000)

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.scopedLive(`${signal} stops it cleanly, SIGUSR1 does not stop it at all`, () =>
      Effect.gen(function*() {
        const broker = yield* silentBroker
        const home = yield* directory
        const running = yield* started(process.execPath, [
          bundle,
          "topics-backup",
          "-brokers",
          `127.0.0.1:${broker.port}`,
          "-store",
          `file://${home}/archive`,
          "-working-dir",
          `${home}/buffer`,
          "-metrics-port",
          "0"
        ])
        yield* said(running, "archive found")
        running.child.kill("SIGUSR1")
        yield* Effect.sleep("200 millis")
        running.child.kill(signal)
        const { code, stderr } = yield* running.finished.pipe(Effect.timeout("5 seconds"))
        assert.strictEqual(code, 0, stderr)
        assert.match(
          stderr,
          /"stopping: nothing is lost,.* the same command .*\n[^]*"topics-backup is stopped"/
        )
        assert.notInclude(stderr, "level=ERROR")
      }))
  }

  it.live("a SIGUSR1 that comes before anything is ready is not lost", () =>
    Effect.gen(function*() {
      const script = `
        import { onFlushSignal } from "./src/cli/Preflight.ts"
        const soon = () => new Promise((done) => setTimeout(done, 50))
        process.kill(process.pid, "SIGUSR1")
        await soon()
        let seen = 0
        const end = onFlushSignal(() => seen++)
        process.kill(process.pid, "SIGUSR1")
        await soon()
        end()
        process.kill(process.pid, "SIGUSR1")
        await soon()
        console.log("seen", seen)`
      const args = ["--input-type=module-typescript", "--eval", script]
      const child = yield* finished(process.execPath, args)
      assert.deepStrictEqual(child, { code: 0, stdout: "seen 2\n", stderr: "" })
    }))
})
