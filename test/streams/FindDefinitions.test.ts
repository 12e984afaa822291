import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { definitionsKey } from "../../src/domain/TopicDefinition.ts"
import type { TopicDefinition } from "../../src/domain/TopicDefinition.ts"
import { writeDefinitions } from "../../streams/definitions/DefinitionsStore.ts"
import { findDefinitions } from "../../streams/definitions/ReadDefinitions.ts"
import { objects, world } from "../support/BackupHarness.ts"

const define = (
  topic: string,
  partitions: number,
  configs: TopicDefinition["configs"] = {}
): TopicDefinition => ({
  topic,
  topicId: `id of ${topic}`,
  partitions,
  replicationFactor: 3,
  configs
})

const write = (takenAtMs: number, topics: ReadonlyArray<TopicDefinition>) =>
  writeDefinitions("p", takenAtMs, { clusterId: "c", topics })

describe("findDefinitions", () => {
  it.effect("takes each topic from the newest snapshot that holds it", () =>
    Effect.gen(function*() {
      yield* write(1000, [define("gone", 1), define("grown", 2)])
      yield* write(2000, [define("grown", 4)])
      const found = yield* findDefinitions("p", ["gone", "grown", "never seen"])
      assert.deepStrictEqual(
        found,
        new Map([["grown", define("grown", 4)], ["gone", define("gone", 1)]])
      )
      assert.deepStrictEqual(
        yield* findDefinitions("p", ["grown"], 1999),
        new Map([["grown", define("grown", 2)]])
      )
      assert.strictEqual((yield* findDefinitions("p", ["grown"], 999)).size, 0)
      assert.strictEqual((yield* findDefinitions("other", ["grown"])).size, 0)
    }).pipe(Effect.provide(world)))

  it.effect("takes configs that could not be read from before, and passes over what is damaged", () =>
    Effect.gen(function*() {
      yield* write(1000, [define("orders", 1, { "retention.ms": "5" })])
      yield* write(2000, [define("orders", 3, null)])
      const all = yield* objects
      for (const [at, text] of [[3000, "{"], [4000, `{"version":2}`]] as const) {
        const bytes = Buffer.from(text)
        all.set(definitionsKey("p", at), { bytes, metadata: {}, lastModified: at })
      }
      assert.deepStrictEqual(
        yield* findDefinitions("p", ["orders"]),
        new Map([["orders", define("orders", 3, { "retention.ms": "5" })]])
      )
    }).pipe(Effect.provide(world)))
})
