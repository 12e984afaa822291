import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, Layer, Stream } from "effect"
import fc from "fast-check"
import fs from "node:fs/promises"
import path from "node:path"
import { layout } from "../../services/DiskBufferErrorsLayer.ts"
import { DiskBufferLayer } from "../../services/DiskBufferLayer.ts"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { Kafka } from "../../services/Kafka.ts"
import { backupTopics } from "../../streams/BackupTopics.ts"
import { backupOptions, createTopic } from "../support/BackupHarness.ts"
import {
  archivedOffsets,
  fill,
  newProgram,
  range,
  shared,
  values
} from "../support/BackupPrograms.ts"
import type { Batches, Crash, Life } from "../support/DamagedBuffer.ts"
import {
  anyBatches,
  anyCrash,
  damage,
  liveThrough,
  source,
  wholeBlocks
} from "../support/DamagedBuffer.ts"
import * as FlushRequestsMemory from "../support/FlushRequestsMemory.ts"
import { MemoryFaults } from "../support/kafka/MemoryFaults.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import * as ObjectStoreMemory from "../support/ObjectStoreMemory.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"

const folder = "backup/orders/0"

/** A topic with the records of the file and five more, and the file after the crash. */
const crashed = (batches: Batches, crash: Crash) =>
  Effect.gen(function*() {
    const whole = batches.map(({ records }) => ({ records, hole: 0 }))
    const records = whole.reduce((sum, batch) => sum + batch.records, 0)
    yield* createTopic("orders")
    yield* fill(source, records + 5)
    const kafka = yield* Kafka
    const { clusterId, topics } = yield* kafka.metadata(["orders"])
    const topicId = topics[0]?.topicId ?? ""
    const life = yield* liveThrough(whole, { clusterId, topicId, partitionCount: 1 }, 0)
    return { life, damaged: damage(life, crash), end: records + 5 }
  })

const complete = (end: number) =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, end))
    const first = yield* values(`${folder}/orders-0-0000000000000000000.avro`)
    assert.deepStrictEqual(first, first.map((_, offset) => `value ${offset}`))
  })

/** The archive is complete after the next run with this buffer. */
const inMemory = ({ damaged, end, life }: Case) =>
  Effect.gen(function*() {
    const program = yield* newProgram
    program.disk.files.set(life.name, { bytes: damaged, modified: 0, synced: 0 })
    yield* program.once()
    assert.strictEqual(program.disk.files.size, 0)
    yield* complete(end)
  })

const onDisk = ({ damaged, end, life }: Case) =>
  Effect.gen(function*() {
    const workingDir = yield* temporaryDirectory
    const file = path.join(layout(workingDir).buffer, life.name)
    yield* Effect.promise(() => fs.mkdir(path.dirname(file), { recursive: true }))
    yield* Effect.promise(() => fs.writeFile(file, damaged))
    const services = Layer.mergeAll(
      Layer.succeed(Kafka, KafkaMemory.connect(yield* KafkaMemory.Cluster, new MemoryFaults())),
      ObjectStoreMemory.layerOn(yield* ObjectStoreMemory.Bucket),
      DiskBufferLayer({ workingDir }),
      FlushRequestsMemory.layer,
      ForeignSchemaLayer
    )
    yield* Effect.provide(Stream.runDrain(backupTopics(backupOptions())), services)
    yield* complete(end)
    const left = yield* Effect.promise(() => fs.readdir(layout(workingDir).buffer))
    assert.deepStrictEqual(left, [])
  })

/** Without Kafka, the archive has the whole blocks, and the run says that it failed. */
const withoutKafka = ({ damaged, life }: Case) =>
  Effect.gen(function*() {
    const program = yield* newProgram
    program.disk.files.set(life.name, { bytes: damaged, modified: 0, synced: 0 })
    program.faults.disconnect()
    yield* Effect.flip(program.once())
    const kept = wholeBlocks(life, damaged).reduce((sum, { records }) => sum + records, 0)
    assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, kept))
    assert.strictEqual(program.disk.files.size, 0)
  })

interface Case {
  readonly life: Life
  readonly damaged: Buffer
  readonly end: number
}

type Shared = Layer.Layer.Success<typeof shared>

const always = <E>(
  numRuns: number,
  run: (found: Case) => Effect.Effect<void, E, Shared | Scope.Scope>
) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(anyBatches, anyCrash, (batches, crash) =>
        crashed(batches, crash).pipe(
          Effect.flatMap(run),
          Effect.scoped,
          Effect.provide(shared),
          Effect.runPromise
        )),
      { numRuns }
    )
  )

describe("a backup after any crash", () => {
  it.live("has everything, once, in memory", () => always(40, inMemory), 240_000)

  it.live("has everything, once, on a disk", () => always(20, onDisk), 240_000)

  it.live(
    "brings the whole blocks into the archive when Kafka is gone",
    () => always(100, withoutKafka),
    120_000
  )
})
