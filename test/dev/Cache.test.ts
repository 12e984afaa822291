/** Tools are installed once and whole, whoever else is installing them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { installOnce } from "../../dev/stack/Cache.ts"
import { StackError } from "../../dev/stack/StackError.ts"

const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "kafka-data-keep-cache-"))),
  (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
)

/** Installs slowly, counting how often. */
const slowly = (built: Array<string>) => (directory: string) =>
  Effect.sync(() => {
    built.push(directory)
    fs.writeFileSync(path.join(directory, "tool"), "x")
  }).pipe(Effect.zipRight(Effect.sleep("200 millis")))

describe("installOnce", () => {
  it.scopedLive("builds once for many who ask", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const target = path.join(directory, "deep", "tool-1")
      const built: Array<string> = []
      const install = installOnce(target, "a tool", slowly(built))
      const found = yield* Effect.all([install, install, install], { concurrency: "unbounded" })
      assert.deepStrictEqual(found, [target, target, target])
      assert.strictEqual(yield* install, target)
      assert.lengthOf(built, 1)
      assert.deepStrictEqual(fs.readdirSync(path.dirname(target)), ["tool-1"])
      assert.deepStrictEqual(fs.readdirSync(target), ["tool"])
    }))

  it.scopedLive("leaves nothing behind when it fails, and can be repeated", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const target = path.join(directory, "tool-1")
      const broken = Effect.fail(new StackError({ step: "build", cause: "no network" }))
      const error = yield* Effect.flip(installOnce(target, "a tool", () => broken))
      assert.strictEqual(error.message, "build: no network")
      assert.deepStrictEqual(fs.readdirSync(directory), [])
      yield* installOnce(target, "a tool", slowly([]))
      assert.deepStrictEqual(fs.readdirSync(target), ["tool"])
    }))

  it.scopedLive("takes over from a process that is gone", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const target = path.join(directory, "tool-1")
      // Above the largest process id that Linux hands out.
      fs.writeFileSync(`${target}.lock`, "4194305")
      yield* installOnce(target, "a tool", slowly([]))
      assert.deepStrictEqual(fs.readdirSync(directory), ["tool-1"])
    }))
})
