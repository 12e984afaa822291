/** Supervision of workers, by threads that only pretend to be some. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Mailbox, Scope, TestClock } from "effect"
import type { MetricFamily } from "../../services/MetricFamilies.ts"
import { makeProgress, Progress } from "../../services/Progress.ts"
import type { FromWorker, ToWorker, WorkerEnding } from "../../services/WorkerMessages.ts"
import { makeWorkerPool } from "../../services/WorkerPoolLayer.ts"
import { WorkerCrashed } from "../../services/WorkerThread.ts"

interface Pretended {
  readonly heard: Array<ToWorker>
  readonly say: (message: FromWorker) => void
  readonly exit: (crash?: string) => void
}

const totals = { files: 0, records: 0, bytes: 0 }
const ended = (outcome: WorkerEnding["outcome"], ...errors: ReadonlyArray<string>): FromWorker => ({
  _tag: "Ended",
  ending: { outcome, errors, totals }
})

/** A pool of such workers; they end when they are asked to stop. */
const pretend = Effect.fnUntraced(function*(workers: number) {
  const all: Array<Pretended> = []
  const pool = yield* makeWorkerPool(workers, () =>
    Effect.gen(function*() {
      const said = yield* Mailbox.make<FromWorker, WorkerCrashed>()
      const own: Pretended = {
        heard: [],
        say: (message) => void said.unsafeOffer(message),
        exit: (crash) =>
          void said.unsafeDone(
            crash === undefined ? Exit.void : Exit.fail(new WorkerCrashed({ detail: crash }))
          )
      }
      all.push(own)
      const post = (message: ToWorker) => {
        own.heard.push(message)
        if (message._tag !== "Stop") return
        own.say(ended("stopped"))
        own.exit()
      }
      return { said, post, end: () => own.exit() }
    }))
  const worker = (number: number) => all[number - 1] ?? assert.fail(`no worker ${number}`)
  return { pool, worker }
})

const settle = Effect.repeatN(Effect.yieldNow(), 200)

const family = (value: string): MetricFamily => ({
  name: "m",
  help: "h",
  type: "gauge",
  samples: [{ name: "m", labels: [], value }]
})

it.scoped("one that fails stops the others, and is named first", () =>
  Effect.gen(function*() {
    const { pool, worker } = yield* pretend(3)
    const all = yield* Effect.fork(pool.ended)
    yield* settle
    worker(2).say(ended("failed", "the disk is gone"))
    worker(2).exit()
    const order = yield* Fiber.join(all)
    assert.deepStrictEqual(order.map(({ outcome }) => outcome), ["failed", "stopped", "stopped"])
    assert.deepStrictEqual([order[0]?.worker, order[0]?.errors], [2, ["the disk is gone"]])
  }))

it.scoped("one that crashes is named", () =>
  Effect.gen(function*() {
    const { pool, worker } = yield* pretend(2)
    const all = yield* Effect.fork(pool.ended)
    yield* settle
    worker(1).exit("out of memory")
    const [first] = yield* Fiber.join(all)
    assert.deepStrictEqual(
      [first?.outcome, first?.errors],
      ["failed", ["worker 1 crashed: out of memory"]]
    )
  }))

it.scoped("one that could not do everything lets the others go on", () =>
  Effect.gen(function*() {
    const { pool, worker } = yield* pretend(2)
    const all = yield* Effect.fork(pool.ended)
    yield* settle
    worker(1).say(ended("incomplete", "one partition failed"))
    worker(1).exit()
    yield* settle
    assert.deepStrictEqual(worker(2).heard, [])
    worker(2).say(ended("done"))
    worker(2).exit()
    assert.deepStrictEqual(
      (yield* Fiber.join(all)).map(({ outcome }) => outcome),
      ["incomplete", "done"]
    )
  }))

it.effect("the end of the scope stops all and waits for them", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { worker } = yield* Scope.extend(pretend(2), scope)
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual(worker(2).heard, [{ _tag: "Stop" }])
  }))

it.scoped("metrics of a busy worker are those of the last time", () =>
  Effect.gen(function*() {
    const { pool, worker } = yield* pretend(2)
    const first = yield* Effect.fork(pool.metrics)
    yield* settle
    worker(1).say({ _tag: "Metrics", ask: 0, families: [family("1")] })
    worker(2).say({ _tag: "Metrics", ask: 0, families: [family("2")] })
    const values = (families: ReadonlyArray<MetricFamily>) =>
      families.flatMap(({ samples }) =>
        samples.map(({ labels, value }) => `${labels.join()}=${value}`)
      )
    const both = ["worker,1=1", "worker,2=2"]
    assert.deepStrictEqual(values(yield* Fiber.join(first)), both)
    const second = yield* Effect.fork(pool.metrics)
    yield* settle
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(values(yield* Fiber.join(second)), both)
  }))

it.scoped("a flush is committed when all have committed, and names what went wrong once", () =>
  Effect.gen(function*() {
    const { pool, worker } = yield* pretend(3)
    const flush = yield* Effect.fork(pool.flush)
    yield* settle
    for (const [number, committed] of [[1, true], [2, false], [3, true]] as const) {
      worker(number).say({ _tag: "Flushed", ask: 0, files: number, committed })
    }
    assert.deepStrictEqual(yield* Fiber.join(flush), { files: 6, committed: false })
    const failing = yield* Effect.fork(Effect.flip(pool.flush))
    yield* settle
    worker(1).say({ _tag: "Flushed", ask: 1, files: 1, committed: true })
    worker(2).say({ _tag: "NotFlushed", ask: 1, error: "the store fails" })
    worker(3).say({ _tag: "NotFlushed", ask: 1, error: "the store fails" })
    assert.strictEqual(yield* Fiber.join(failing), "the store fails")
  }))

it.scoped("how far they are is added up", () =>
  Effect.gen(function*() {
    const board = makeProgress()
    const { worker } = yield* Effect.provideService(pretend(2), Progress, board)
    const topic = { topic: "t", records: 10, bytes: 200, done: 1, earlier: 0, total: 4 }
    worker(1).say({ _tag: "Progress", complete: true, topics: [topic], throttledMs: 5 })
    worker(2).say({ _tag: "Progress", complete: false, topics: [topic], throttledMs: 2 })
    yield* settle
    assert.deepStrictEqual(board.read(), {
      complete: false,
      throttledMs: 7,
      topics: [{ topic: "t", records: 20, bytes: 400, done: 2, earlier: 0, total: 8 }]
    })
  }))

const standing = (idleIn: number | null, done: ReadonlyArray<string>, of = 9): FromWorker => ({
  _tag: "Standing",
  idleIn,
  done,
  of
})

it.scoped("all are done when all are idle in one generation, not before", () =>
  Effect.gen(function*() {
    const { worker } = yield* pretend(2)
    worker(1).say(standing(1, ["t-0"]))
    yield* settle
    worker(2).say(standing(2, ["t-1"]))
    yield* settle
    worker(1).say(standing(null, ["t-0"]))
    yield* settle
    assert.deepStrictEqual([...worker(1).heard, ...worker(2).heard], [])
    worker(1).say(standing(2, ["t-0"]))
    yield* settle
    const told = { _tag: "AllDone", partitions: ["t-0", "t-1"] }
    assert.deepStrictEqual([worker(1).heard, worker(2).heard], [[told], [told]])
  }))

it.scoped("all are done when there is nothing that nobody has done, whoever is at work", () =>
  Effect.gen(function*() {
    const { worker } = yield* pretend(3)
    worker(1).say(standing(null, ["t-0", "t-1"], 3))
    yield* settle
    assert.deepStrictEqual(worker(1).heard, [])
    worker(3).say(standing(4, ["t-1", "t-2"], 3))
    yield* settle
    assert.strictEqual(worker(2).heard[0]?._tag, "AllDone")
  }))
