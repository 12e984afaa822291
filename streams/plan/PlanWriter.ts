/** Puts planned files into the plan topic, a page at a time, each plan partition in plan order. */
import { Clock, Effect } from "effect"
import type { ProducerIdentity } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import { sealBatch } from "../../src/codec/BatchWriter.ts"
import type { PlainRecord } from "../../src/codec/PlainRecords.ts"
import { writePlainRecords } from "../../src/codec/PlainRecords.ts"
import { partitionFolder } from "../../src/domain/ArchiveKey.ts"
import { partitionOfKey } from "../../src/domain/Murmur2.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { toPlanRecord } from "../../src/domain/Plan.ts"
import { deliverBatch, deliveryTimeoutMs, notAuthorized } from "../DeliverBatch.ts"
import type { Leaders } from "../Leaders.ts"
import { patiently } from "../ReadLog.ts"

/** Bytes of one batch: below the smallest `max.message.bytes` that anyone sets. */
const batchBytes = 256 * 1024

const anonymous: ProducerIdentity = { producerId: -1n, epoch: -1 }

const identify = Effect.gen(function*() {
  const kafka = yield* Kafka
  return yield* patiently("30 seconds")(kafka.initProducerId).pipe(
    Effect.catchIf(notAuthorized, (error) =>
      Effect.as(
        Effect.logWarning("no right to an idempotent producer, planning without").pipe(
          Effect.annotateLogs({ error: error.message })
        ),
        anonymous
      ))
  )
})

const bytesOf = ({ headers, key, value }: PlainRecord): number =>
  headers.reduce(
    (sum, [name, content]) => sum + name.length + (content?.length ?? 0) + 8,
    (key?.length ?? 0) + (value?.length ?? 0) + 20
  )

/** Cuts records into batches by bytes, in order. */
const intoBatches = (records: ReadonlyArray<PlainRecord>): Array<Array<PlainRecord>> => {
  const batches: Array<Array<PlainRecord>> = []
  let room = 0
  for (const record of records) {
    const size = bytesOf(record)
    if (batches.length === 0 || size > room) {
      batches.push([])
      room = batchBytes
    }
    batches.at(-1)?.push(record)
    room -= size
  }
  return batches
}

/** `root`: of the generation; a branch's files go where those are that it continues. */
const byPartition = (files: ReadonlyArray<PlannedFile>, root: string, partitions: number) => {
  const groups = new Map<number, Array<PlainRecord>>()
  for (const file of files) {
    const record = toPlanRecord(file)
    const partition = partitionOfKey(Buffer.from(partitionFolder(root, file)), partitions)
    const group = groups.get(partition)
    if (group === undefined) groups.set(partition, [record])
    else group.push(record)
  }
  return groups
}

/** A function that returns when all files of a page are acknowledged by the plan topic. */
export const makePlanWriter = (leaders: Leaders, planTopic: string, partitions: number) =>
  Effect.gen(function*() {
    const { epoch, producerId } = yield* identify
    const sequences = new Map<number, number>()

    const produce = (partition: number, records: ReadonlyArray<PlainRecord>) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const sequence = sequences.get(partition) ?? 0
        const section = writePlainRecords(records)
        const batch = sealBatch({
          records: section,
          compressed: section,
          compression: "none",
          recordCount: records.length,
          lastOffsetDelta: records.length - 1,
          baseTimestamp: BigInt(now),
          maxTimestamp: BigInt(now),
          producerId,
          producerEpoch: epoch,
          baseSequence: producerId < 0n ? -1 : sequence
        })
        sequences.set(partition, (sequence + records.length) % 0x80000000)
        const target = { topic: planTopic, partition }
        yield* deliverBatch(leaders, target, batch, now + deliveryTimeoutMs)
      })

    return (page: ReadonlyArray<PlannedFile>, root: string) =>
      Effect.forEach(
        byPartition(page, root, partitions),
        ([partition, records]) =>
          Effect.forEach(intoBatches(records), (batch) => produce(partition, batch), {
            discard: true
          }),
        { concurrency: "unbounded", discard: true }
      )
  })
