import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { archived, createTopic, objects } from "../support/BackupHarness.ts"
import { newProgram, range, shared } from "../support/BackupPrograms.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { Cluster } from "../support/KafkaMemory.ts"

const key = "backup/orders/0/orders-0-0000000000000000000.avro"

/** Size of the archive file, and its records' values. */
const backedUpAt = (compressionLevel: number) =>
  Effect.gen(function*() {
    const program = yield* newProgram
    yield* createTopic("orders")
    const cluster = yield* Cluster
    const records = range(0, 3000).map((at) =>
      plainRecord({ value: Buffer.from(`${at * at} of ${at % 17}`), offsetDelta: at })
    )
    cluster.append({ topic: "orders", partition: 0 }, buildBatch(records))
    yield* program.once({ compressionLevel })
    const values = (yield* archived(key)).map(({ value }) => String(value))
    return { size: (yield* objects).get(key)?.bytes.length ?? 0, values }
  }).pipe(Effect.scoped, Effect.provide(shared))

it.live("archive files are compressed at the level that is asked for", () =>
  Effect.gen(function*() {
    const fast = yield* backedUpAt(1)
    const small = yield* backedUpAt(19)
    assert.isBelow(small.size, fast.size)
    assert.lengthOf(small.values, 3000)
    assert.deepStrictEqual(small.values, fast.values)
  }))
