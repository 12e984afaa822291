/** Threads of Node as workers, and where they keep what they buffer. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import fs from "node:fs"
import path from "node:path"
import { heldBuffers, workerDirectory } from "../../services/WorkerBuffersLayer.ts"
import { startThread } from "../../services/WorkerThreadLayer.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"

const module = (text: string) =>
  new URL(
    `data:text/javascript,${
      encodeURIComponent(`import { parentPort, workerData } from "node:worker_threads";${text}`)
    }`
  )

/** All that it says, and how it ended. */
const heard = (text: string, resume = false) =>
  Effect.gen(function*() {
    const thread = yield* startThread(module(text), { worker: 2, workers: 3 })
    if (resume) thread.post({ _tag: "AskFlush", ask: 7 })
    const said: Array<unknown> = []
    for (;;) {
      const next = yield* Effect.exit(thread.said.take)
      if (Exit.isFailure(next)) return { said, end: next.cause.toString() }
      said.push(next.value)
    }
  })

const line = (text: string) => ({ _tag: "Line", line: text })

it.scopedLive("says who it is, hears, and is heard to its last word", () =>
  Effect.gen(function*() {
    const { said } = yield* heard(
      `const say = (line) => parentPort.postMessage({ _tag: "Line", line })
       say(workerData.worker + " of " + workerData.workers)
       parentPort.once("message", ({ ask }) => {
         say("asked " + ask)
         parentPort.postMessage({ _tag: "Ended", ending: {
           outcome: "done", errors: [], totals: { files: 1, records: 2, bytes: 3 } } })
         process.exit(0)
       })`,
      true
    )
    assert.deepStrictEqual(said.slice(0, 2), [line("2 of 3"), line("asked 7")])
    assert.strictEqual(said.length, 3)
  }))

const crashes: ReadonlyArray<readonly [text: string, end: RegExp]> = [
  ["throw new Error('no good')", /no good/],
  ["process.exit(3)", /ended with code 3/],
  ["parentPort.postMessage({ _tag: 'Other' })", /nobody understands/]
]

for (const [text, end] of crashes) {
  it.scopedLive(`crashes by ${text}`, () =>
    Effect.gen(function*() {
      assert.match((yield* heard(text)).end, end)
    }))
}

it.scopedLive("only buffers with files in them are held", () =>
  Effect.gen(function*() {
    const home = yield* temporaryDirectory
    const buffer = (worker: number) =>
      path.join(workerDirectory(home, worker), ".kafka-data-keep/buffer")
    assert.deepStrictEqual(yield* heldBuffers(home), [])
    for (const worker of [1, 2, 3, 10, 4]) fs.mkdirSync(buffer(worker), { recursive: true })
    for (const worker of [1, 10, 4]) {
      fs.mkdirSync(path.join(buffer(worker), "topics"))
      fs.writeFileSync(path.join(buffer(worker), "topics/a.avro"), "")
    }
    fs.writeFileSync(path.join(home, ".kafka-data-keep/worker-5"), "a file")
    assert.deepStrictEqual(yield* heldBuffers(home), [4, 10])
  }))
