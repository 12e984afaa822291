import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Layer, Option, Stream } from "effect"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { factsToMetadata } from "../../src/codec/FactsMetadata.ts"
import { archiveKey, generationRoot } from "../../src/domain/ArchiveKey.ts"
import type { ListOptions } from "../../streams/ListArchive.ts"
import { listArchive } from "../../streams/ListArchive.ts"
import { createTopic } from "../support/BackupHarness.ts"
import { fill, newProgram } from "../support/BackupPrograms.ts"
import { someFacts } from "../support/Containers.ts"
import { cutBack, world as forks } from "../support/Forks.ts"
import { Bucket, layer as memory } from "../support/ObjectStoreMemory.ts"
import {
  fileBytes,
  putFile,
  putObject,
  putRange,
  recordsFrom,
  world
} from "../support/RestoreHarness.ts"
import { Said, SaidLayer } from "../support/Said.ts"

const orders = { topic: "orders", partition: 0 }
const other = { topic: "orders", partition: 10 }

const list = (changes: Partial<ListOptions> = {}) =>
  Effect.map(
    Stream.runCollect(listArchive({ prefix: "backup", topic: undefined, deep: false, ...changes })),
    Chunk.toReadonlyArray
  )

const calls = (operation: string) =>
  Effect.map(Bucket, (bucket) => bucket.calls.filter(([name]) => name === operation).length)

describe("listArchive", () => {
  it.effect("adds up files, and asks the first and the newest of a partition", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 5, 9)
      yield* putRange(orders, 12, 19)
      yield* putFile(recordsFrom(orders, 20, 29), { coverageNext: 40n })
      yield* putFile(recordsFrom(other, 0, 3), { gaps: { ...someFacts.gaps, compacted: 7 } })
      yield* putObject("backup/orders/0/notes.txt", Buffer.from("?"))
      const [found] = yield* list()
      assert.strictEqual(found?.strange, 1)
      assert.deepStrictEqual(found?.partitions.map(({ partition }) => partition), [0, 10])
      const [first, last] = found?.partitions ?? []
      assert.deepInclude(first, { files: 3, firstOffset: 5n, nextOffset: 40n, withoutFacts: 0 })
      assert.deepInclude(first, { records: undefined, gaps: undefined, holes: undefined })
      assert.deepInclude(last, { files: 1, records: 4, holes: [] })
      assert.strictEqual(last?.gaps?.compacted, 7)
      assert.strictEqual(yield* calls("head"), 3)
    }).pipe(Effect.provide(world)))

  it.effect("knows records, gaps and holes when every file is asked", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 5, 9)
      yield* putRange(orders, 12, 19)
      yield* putRange(orders, 20, 29)
      const [found] = yield* list({ deep: true, topic: "orders" })
      assert.deepInclude(found?.partitions[0], {
        records: 23,
        firstOffset: 5n,
        nextOffset: 30n,
        holes: [{ from: 10n, until: 12n }],
        minTimestamp: 1_700_000_000_005n,
        maxTimestamp: 1_700_000_000_029n
      })
      assert.strictEqual(found?.partitions[0]?.gaps?.compacted, 30)
    }).pipe(Effect.provide(world)))

  it.effect("shows each life of a topic, and topics without facts", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 9)
      const bytes = yield* fileBytes(recordsFrom(orders, 0, 4))
      yield* putObject(
        archiveKey(generationRoot("backup", "tHmaJeUiSxqfTVF8KAQYHg"), orders, 0n),
        bytes
      )
      yield* putObject("backup/strange/0/strange-0-0000000000000000000.avro", Buffer.from("Obj"))
      const found = yield* list()
      assert.deepStrictEqual(
        found.map(({ topicId }) => topicId),
        [undefined, "tHmaJeUiSxqfTVF8KAQYHg", undefined]
      )
      assert.deepStrictEqual(
        found.map(({ partitions }) => partitions[0]?.records),
        [10, 5, undefined]
      )
    }).pipe(Effect.provide(world)))

  it.effect("names a file that is damaged, and lists all the same", () =>
    Effect.gen(function*() {
      for (const at of [0, 10]) yield* putRange(orders, at, at + 9)
      yield* putObject(archiveKey("backup", orders, 20n), Buffer.alloc(0))
      const [found] = yield* list()
      const { files, nextOffset, records } = found?.partitions[0] ?? {}
      assert.deepStrictEqual([files, nextOffset, records], [3, undefined, undefined])
      assert.deepStrictEqual(yield* Said, [{
        level: "WARN",
        message: `archive file ${archiveKey("backup", orders, 20n)}: container: the file is empty`
      }])
    }).pipe(Effect.provide(Layer.merge(memory, SaidLayer))))

  it.effect("fails for a topic that is not there, and where there is nothing", () =>
    Effect.gen(function*() {
      const empty = yield* Effect.flip(list())
      assert.include(empty.message, "no topic under \"backup/\"")
      yield* putRange(orders, 0, 9)
      const absent = yield* Effect.flip(list({ topic: "order" }))
      assert.include(absent.message, "no topic order under")
    }).pipe(Effect.provide(world)))

  it.live("follows branches of a log that was cut back", () =>
    Effect.gen(function*() {
      yield* createTopic("orders")
      const program = yield* newProgram
      yield* fill(orders, 30)
      yield* program.once()
      yield* cutBack(20, 40)
      yield* program.once()
      const [found] = yield* list({ deep: true })
      assert.strictEqual(found?.branches, 1)
      assert.strictEqual(found?.partitions[0]?.nextOffset, 40n)
    }).pipe(Effect.scoped, Effect.provide(forks)))

  it.effect(
    "lists a million objects in memory that does not grow with them",
    () =>
      Effect.gen(function*() {
        const partitions = 100
        const each = 10_000
        const metadata = factsToMetadata({
          ...someFacts,
          recordCount: 1,
          coverageStart: 0n,
          coverageNext: 1n
        })
        const source = (at: number) => ({ topic: "many", partition: at })
        const names = Array.from({ length: partitions }, (_, at) => at).sort((a, b) =>
          `${a}/` < `${b}/` ? -1 : 1
        )
        const pages = Stream.fromIterable(names).pipe(
          Stream.flatMap((partition) =>
            Stream.map(Stream.range(0, each / 1000 - 1), (page) =>
              Array.from({ length: 1000 }, (_, at) => ({
                key: archiveKey("backup", source(partition), BigInt(page * 1000 + at)),
                size: 10,
                lastModified: 0
              })))
          )
        )
        const store = yield* ObjectStore
        const large = ObjectStore.of({
          ...store,
          list: () =>
            pages,
          listFolders: (prefix) =>
            Stream.make(prefix === "backup/" ? ["backup/many/"] : []),
          head: (key) => Effect.succeed(Option.some({ key, size: 10, lastModified: 0, metadata }))
        })
        const before = process.memoryUsage().heapUsed
        const [found] = yield* Effect.provideService(list(), ObjectStore, large)
        globalThis.gc?.()
        assert.isBelow(process.memoryUsage().heapUsed - before, 200_000_000)
        assert.strictEqual(found?.partitions.length, partitions)
        assert.isTrue(
          found?.partitions.every(({ bytes, files }) => files === each && bytes === each * 10)
        )
      }).pipe(Effect.provide(memory)),
    60_000
  )
})
