import { assert, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import { makeProgress } from "../../services/Progress.ts"
import type { FromWorker } from "../../services/WorkerMessages.ts"
import { tellProgress } from "../../src/cli/TellProgress.ts"

it.effect("a worker tells each second what has changed, and the last of it at its end", () =>
  Effect.gen(function*() {
    const heard = makeProgress()
    const told: Array<ReadonlyArray<string>> = []
    const send = (message: FromWorker) => {
      if (message._tag !== "Progress") return
      told.push(message.topics.map(({ topic }) => topic))
      heard.hear(1, message)
    }
    const own = makeProgress()
    own.topic("a").records += 1
    own.topic("b").records += 1
    yield* Effect.scoped(Effect.gen(function*() {
      yield* tellProgress(own, { send })
      yield* TestClock.adjust("1500 millis")
      own.topic("b").bytes += 10
      yield* TestClock.adjust("1 second")
      own.topic("a").records += 5
      own.measure(() => ({
        complete: true,
        topics: [{ topic: "b", done: 1, earlier: 0, total: 2 }]
      }))
    }))
    assert.deepStrictEqual(told, [["a", "b"], [], ["b"], ["a", "b"]])
    assert.deepStrictEqual(heard.read(), own.read())
    assert.isTrue(heard.read().complete)
  }))
