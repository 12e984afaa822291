import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TopicDefinition } from "../../src/domain/TopicDefinition.ts"
import type { LookOptions } from "../../streams/preflight/LookAhead.ts"
import { lookAhead } from "../../streams/preflight/LookAhead.ts"
import { createTarget, world } from "../support/RestoreHarness.ts"

const source = (topic: string) => ({
  topic,
  partitions: new Set([0]),
  partitionCount: 2,
  files: 1,
  bytes: 1000,
  largestPartition: 1000,
  records: 10,
  largestRecord: 500,
  minTimestamp: 1_000_000n,
  maxTimestamp: 1_000_001n
})

const step = (topic: string) => ({ source: source(topic), target: `restored.${topic}` })

const definition = (changes: Partial<TopicDefinition> = {}): TopicDefinition => ({
  topic: "orders",
  topicId: "AAAAAAAAAAAAAAAAAAAAAA",
  partitions: 2,
  replicationFactor: 1,
  configs: {},
  ...changes
})

const look = (
  changes: Partial<TopicDefinition> | undefined,
  topicConfigs: Readonly<Record<string, string>> = {}
) => {
  const options: LookOptions = {
    failOnExistingData: true,
    creation: changes && {
      definitions: new Map([["orders", definition(changes)]]),
      topicConfigs
    }
  }
  return lookAhead([step("orders")], options)
}

describe("a target that is missing", () => {
  it.live("is judged as it is going to be created", () =>
    Effect.gen(function*() {
      const found = yield* look({
        replicationFactor: 3,
        configs: {
          "retention.ms": "1000",
          "max.message.bytes": "400",
          "min.insync.replicas": "2"
        }
      })
      assert.deepStrictEqual(found.map(({ kind }) => kind), [
        "missing",
        "size",
        "replicas",
        "retention"
      ])
      const [missing, size] = found
      assert.include(missing?.problem, "its source had 3 replicas, there can be 1")
      assert.strictEqual(size?.remedy, "-topic-config max.message.bytes=625")
    }).pipe(Effect.provide(world)))

  it.live("is as the command line has it, before its definition", () =>
    Effect.gen(function*() {
      const found = yield* look({ configs: { "retention.ms": "1000" } }, { "retention.ms": "-1" })
      assert.deepStrictEqual(found.map(({ kind }) => kind), ["missing"])
    }).pipe(Effect.provide(world)))

  it.live("is missing, and nothing else, when it is not going to be created", () =>
    Effect.gen(function*() {
      const found = yield* look(undefined)
      assert.deepStrictEqual(found.map(({ kind }) => kind), ["missing"])
      assert.include(found[0]?.remedy, "-create-topics")
    }).pipe(Effect.provide(world)))

  it.live("is judged as it is when it is there", () =>
    Effect.gen(function*() {
      yield* createTarget("orders", 1, { "retention.ms": "-1" })
      const found = yield* look({ configs: { "retention.ms": "1000" } })
      assert.deepStrictEqual(found, [])
    }).pipe(Effect.provide(world)))
})
