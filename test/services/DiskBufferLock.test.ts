import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import fs from "node:fs/promises"
import path from "node:path"
import { layout } from "../../services/DiskBufferErrorsLayer.ts"
import { DiskBufferLayer } from "../../services/DiskBufferLayer.ts"
import { lockWorkingDir } from "../../services/DiskBufferLockLayer.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"

const open = (workingDir: string) => Layer.build(DiskBufferLayer({ workingDir }))

const layerFile = path.resolve(import.meta.dirname, "../../services/DiskBufferLayer.ts")

/** Another process that holds the working directory until it is killed. */
const holder = (workingDir: string) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof spawn>>((resume) => {
      const script = `
        const { Effect, Layer } = await import("effect")
        const { DiskBufferLayer } = await import(${JSON.stringify(layerFile)})
        const layer = DiskBufferLayer({ workingDir: ${JSON.stringify(workingDir)} })
        await Effect.runPromise(Layer.build(layer).pipe(
          Effect.tap(() => Effect.sync(() => console.log("held"))), Effect.zipRight(Effect.never), Effect.scoped))`
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        cwd: path.dirname(layerFile),
        stdio: ["ignore", "pipe", "inherit"]
      })
      child.stdout.once("data", () => resume(Effect.succeed(child)))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const killed = (child: ReturnType<typeof spawn>) =>
  Effect.async<void>((resume) => {
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })

describe("the lock of a working directory", () => {
  it.scopedLive("belongs to one at a time, also within a process", () =>
    Effect.gen(function*() {
      const workingDir = yield* temporaryDirectory
      yield* Effect.scoped(Effect.gen(function*() {
        yield* open(workingDir)
        const error = yield* Effect.flip(open(workingDir))
        assert.strictEqual(error.reason, "InUse")
        assert.include(error.message, String(process.pid))
      }))
      yield* Effect.scoped(open(workingDir))
    }))

  it.scopedLive("is refused while another process lives, and taken when it was killed", () =>
    Effect.gen(function*() {
      const workingDir = yield* temporaryDirectory
      const child = yield* holder(workingDir)
      const error = yield* Effect.flip(open(workingDir))
      assert.strictEqual(error.reason, "InUse")
      assert.include(error.message, String(child.pid))
      yield* killed(child)
      yield* open(workingDir)
    }))

  it.scopedLive("is taken from a process whose id another one has by now", () =>
    Effect.gen(function*() {
      const workingDir = yield* temporaryDirectory
      const lock = path.join(workingDir, ".kafka-data-keep/lock")
      const text = yield* Effect.scoped(Effect.zipRight(
        open(workingDir),
        Effect.promise(() => fs.readFile(lock, "utf8"))
      ))
      const former = { ...JSON.parse(text), start: "1" }
      yield* Effect.promise(() => fs.writeFile(lock, JSON.stringify(former)))
      yield* open(workingDir)
    }))

  it.scopedLive(
    "is taken from another container only when nobody touches it",
    () =>
      Effect.gen(function*() {
        const workingDir = yield* temporaryDirectory
        const lock = path.join(workingDir, ".kafka-data-keep/lock")
        yield* Effect.promise(() => fs.mkdir(path.dirname(lock)))
        const other = JSON.stringify({ pid: 1, start: "1", space: "another", token: "t" })
        yield* Effect.promise(() => fs.writeFile(lock, other))
        const take = Effect.scoped(lockWorkingDir(layout(workingDir), 2))
        const touch = Effect.promise(() => fs.utimes(lock, new Date(), new Date()))
        const touched = yield* Effect.flip(take).pipe(
          Effect.zipLeft(Effect.delay(touch, "500 millis"), { concurrent: true })
        )
        assert.strictEqual(touched.reason, "InUse")
        yield* take
      })
  )

  it.scopedLive(
    "is taken on a full disk too, or nothing would ever be uploaded from it",
    () =>
      Effect.gen(function*() {
        const workingDir = yield* temporaryDirectory
        const lock = path.join(workingDir, ".kafka-data-keep/lock")
        yield* Effect.promise(() => fs.mkdir(path.dirname(lock)))
        const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" })
        const write = () => Promise.reject(full)
        yield* Effect.scoped(Effect.gen(function*() {
          yield* lockWorkingDir(layout(workingDir), 2, write)
          assert.strictEqual(yield* Effect.promise(() => fs.readFile(lock, "utf8")), "")
          const error = yield* Effect.flip(lockWorkingDir(layout(workingDir), 5))
          assert.strictEqual(error.reason, "InUse")
        }))
        yield* lockWorkingDir(layout(workingDir), 2)
        const owner = yield* Effect.promise(() => fs.readFile(lock, "utf8"))
        assert.include(owner, String(process.pid))
      }),
    30_000
  )
})
