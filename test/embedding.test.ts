/** The package as somebody else's test uses it: a pipeline on the in-memory layers, by its exports. */
import { assert, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")

const program = `
import { Effect, Layer, Stream } from "effect"
import { backupTopics } from "kafka-data-keep/streams/BackupTopics"
import { Kafka } from "kafka-data-keep/services/Kafka"
import { ForeignSchemaLayer } from "kafka-data-keep/services/ForeignSchemaLayer"
import * as KafkaMemory from "kafka-data-keep/testing/KafkaMemory"
import * as ObjectStoreMemory from "kafka-data-keep/testing/ObjectStoreMemory"
import * as DiskBufferMemory from "kafka-data-keep/testing/DiskBufferMemory"
import * as FlushRequestsMemory from "kafka-data-keep/testing/FlushRequestsMemory"
import { buildBatch, plainRecord } from "kafka-data-keep/testing/Batches"

const world = Layer.mergeAll(KafkaMemory.layer, ObjectStoreMemory.layer, DiskBufferMemory.layer,
  FlushRequestsMemory.layer, ForeignSchemaLayer)
const options = { include: () => true, exclude: () => false, groupId: "g", prefix: "p",
  minFileSize: 1, maxFileAgeMs: 0, partitionIdleMs: 1000, kafkaOutageFlushMs: 0,
  maxBufferBytes: 0, bufferSyncMs: 0,
  flushOnExit: false, once: true, topicRefreshMs: 1000, consumeDelayMs: 0 }
const main = Effect.gen(function*() {
  const kafka = yield* Kafka
  yield* kafka.createTopics([{ topic: "t", partitions: 1, replicationFactor: 1, configs: {} }])
  const cluster = yield* KafkaMemory.Cluster
  cluster.append({ topic: "t", partition: 0 }, buildBatch([plainRecord()]))
  yield* Stream.runDrain(backupTopics(options))
  const bucket = yield* ObjectStoreMemory.Bucket
  console.log([...bucket.objects.keys()].filter((key) => key.startsWith("p/")).join())
})
await Effect.runPromise(main.pipe(Effect.provide(world)))
`

it("runs a pipeline with layers swapped, through the package's exports", () => {
  const directory = mkdtempSync(join(tmpdir(), "kafka-data-keep-embedding-"))
  try {
    execFileSync(process.execPath, [
      join(root, "node_modules/typescript/bin/tsc"),
      "-p",
      "tsconfig.lib.json"
    ], {
      cwd: root
    })
    mkdirSync(join(directory, "node_modules"))
    symlinkSync(root, join(directory, "node_modules/kafka-data-keep"))
    symlinkSync(join(root, "node_modules/effect"), join(directory, "node_modules/effect"))
    writeFileSync(join(directory, "main.mjs"), program)
    const output = execFileSync(process.execPath, ["main.mjs"], {
      cwd: directory,
      encoding: "utf8"
    })
    assert.strictEqual(output.trim().split("\n").at(-1), "p/t/0/t-0-0000000000000000000.avro")
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}, 180_000)
