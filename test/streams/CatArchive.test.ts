import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Stream } from "effect"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import type { CatOptions } from "../../streams/CatArchive.ts"
import { catArchive } from "../../streams/CatArchive.ts"
import { fixtureBytes, fixtureForm, fixtureKeys, fixtureRecords } from "../support/Fixtures.ts"
import { Bucket, layer as memory } from "../support/ObjectStoreMemory.ts"
import {
  archivedRecord,
  putFile,
  putObject,
  putRange,
  recordsFrom,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }

const all: CatOptions = {
  prefix: "backup",
  topic: "orders",
  generation: "newest",
  partition: undefined,
  range: { fromOffset: undefined, toOffset: undefined, fromTimeMs: undefined, toTimeMs: undefined },
  key: undefined,
  limit: undefined
}

const cat = (changes: Partial<CatOptions> = {}) =>
  Effect.map(
    Stream.runCollect(catArchive({ ...all, ...changes })),
    (blocks) => Chunk.toReadonlyArray(blocks).flat()
  )

const offsets = (range: Partial<CatOptions["range"]>, changes: Partial<CatOptions> = {}) =>
  Effect.map(
    cat({ ...changes, range: { ...all.range, ...range } }),
    (records) => records.map(({ offset }) => Number(offset))
  )

const files = Effect.gen(function*() {
  yield* putRange(orders, 0, 9)
  yield* putRange(orders, 10, 29)
  yield* putRange(orders, 30, 39)
})

/** Objects whose bodies were read. */
const read = Effect.map(
  Bucket,
  ({ calls }) =>
    calls.filter(([operation]) => operation === "get").map(([, key]) =>
      Number(/(\d+)\.avro$/.exec(key)?.[1])
    )
)

const numbers = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, at) => from + at)

describe("catArchive", () => {
  it.effect("gives every record of the original's files, partition by partition", () =>
    Effect.gen(function*() {
      for (const key of fixtureKeys) yield* putObject(`backup/${key}`, fixtureBytes(key))
      const found = yield* cat({ topic: "orders.v1" })
      const expected = fixtureKeys.flatMap(fixtureRecords)
      assert.deepStrictEqual(found.map(fixtureForm), expected)
    }).pipe(Effect.provide(Layer.merge(memory, ForeignSchemaLayer))))

  it.effect("includes the start of a range and excludes its end", () =>
    Effect.gen(function*() {
      yield* files
      assert.deepStrictEqual(yield* offsets({ fromOffset: 8n, toOffset: 12n }), numbers(8, 12))
      const time = 1_700_000_000_000n
      yield* putFile(recordsFrom(orders, 40, 49), {
        minTimestamp: time + 40n,
        maxTimestamp: time + 49n
      })
      assert.deepStrictEqual(
        yield* offsets({ fromTimeMs: time + 42n, toTimeMs: time + 45n }),
        numbers(42, 45)
      )
      assert.deepStrictEqual(yield* offsets({ fromOffset: 50n }), [])
    }).pipe(Effect.provide(world)))

  it.effect("reads only the files that it needs", () =>
    Effect.gen(function*() {
      yield* files
      yield* offsets({ fromOffset: 10n, toOffset: 30n })
      assert.deepStrictEqual(yield* read, [10])
    }).pipe(Effect.provide(world)))

  it.effect("leaves out files by the times in their facts", () =>
    Effect.gen(function*() {
      const late = [
        archivedRecord(orders, 0, { timestamp: 900n }),
        archivedRecord(orders, 1, { timestamp: 100n })
      ]
      yield* putFile(late, { minTimestamp: 100n, maxTimestamp: 900n })
      yield* putFile([archivedRecord(orders, 2, { timestamp: 200n })], {
        minTimestamp: 200n,
        maxTimestamp: 200n
      })
      assert.deepStrictEqual(yield* offsets({ fromTimeMs: 150n, toTimeMs: 901n }), [0, 2])
      assert.deepStrictEqual(yield* offsets({ fromTimeMs: 300n }), [0])
      const bodies = (yield* read).length
      yield* offsets({ fromTimeMs: 901n })
      // Without object metadata the header is read, and nothing behind it.
      assert.isAtLeast((yield* read).length, bodies)
    }).pipe(Effect.provide(world)))

  it.effect("stops at the limit, and finds keys", () =>
    Effect.gen(function*() {
      yield* files
      yield* putRange({ topic: "orders", partition: 2 }, 0, 4)
      yield* putRange({ topic: "orders", partition: 10 }, 0, 4)
      assert.deepStrictEqual(yield* offsets({}, { limit: 3 }), [0, 1, 2])
      assert.deepStrictEqual(yield* read, [0])
      const found = yield* cat({ key: Buffer.from("key 3") })
      assert.deepStrictEqual(found.map(({ partition }) => partition), [0, 2, 10])
      assert.deepStrictEqual((yield* cat({ partition: 2 })).length, 5)
    }).pipe(Effect.provide(world)))

  it.effect("gives a record once where files overlap", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 14)
      yield* putRange(orders, 10, 19)
      assert.deepStrictEqual(yield* offsets({}), numbers(0, 20))
    }).pipe(Effect.provide(world)))

  it.effect("says what is not there, and which file is damaged", () =>
    Effect.gen(function*() {
      const key = yield* putFile(recordsFrom(orders, 0, 9))
      assert.include((yield* Effect.flip(cat({ topic: "order" }))).message, "no topic order")
      assert.include((yield* Effect.flip(cat({ partition: 7 }))).message, "partition 7 of orders")
      const { objects } = yield* Bucket
      yield* putObject(key, (objects.get(key)?.bytes ?? Buffer.alloc(0)).slice(0, -30))
      const damaged = yield* Effect.flip(cat())
      assert.include(damaged.message, key)
    }).pipe(Effect.provide(world)))
})
