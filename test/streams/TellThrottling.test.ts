import { assert, it } from "@effect/vitest"
import { Effect, HashMap, Logger, Metric, Option, TestClock } from "effect"
import { kafkaThrottleSeconds } from "../../services/Metrics.ts"
import { tellThrottling } from "../../streams/TellThrottling.ts"

it.scoped("a line says for how long brokers have throttled, once in ten seconds at most", () =>
  Effect.gen(function*() {
    const said: Array<unknown> = []
    const logger = Logger.make(({ annotations, logLevel, message }) => {
      const ms = Option.getOrUndefined(HashMap.get(annotations, "throttled_ms"))
      said.push([logLevel.label, String(message), ms])
    })
    const throttled = (request: "fetch" | "produce", seconds: number) =>
      Metric.incrementBy(kafkaThrottleSeconds(request), seconds)
    const after = (seconds: number) => TestClock.adjust(`${seconds} seconds`)
    const line = "brokers throttle this client: a quota is set for it"
    const one = ["INFO", line, 300]
    const two = ["INFO", line, 1500]

    yield* throttled("fetch", 7)
    yield* Effect.provide(tellThrottling, Logger.replace(Logger.defaultLogger, logger))
    yield* after(30)
    assert.deepStrictEqual(said, [])
    yield* throttled("produce", 0.3)
    yield* after(1)
    assert.deepStrictEqual(said, [one])
    yield* throttled("produce", 0.5)
    yield* throttled("fetch", 1)
    yield* after(9)
    assert.deepStrictEqual(said, [one])
    yield* after(1)
    assert.deepStrictEqual(said, [one, two])
    yield* after(60)
    assert.deepStrictEqual(said, [one, two])
  }))
