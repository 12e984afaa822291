/** Produce v8 of one record batch to one partition, acknowledged by all in-sync replicas. */
import type { Buffer } from "node:buffer"
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import type { Api } from "./Api.ts"
import { readByTopic } from "./ByTopic.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

export interface ProduceRequestBody extends TopicPartition {
  /** One whole RecordBatch v2. */
  readonly batch: Buffer
  readonly timeoutMs: number
}

export interface ProducedPartition extends TopicPartition {
  readonly error: KafkaErrorName | undefined
  /** What the broker says about the error; empty when it says nothing. */
  readonly detail: string
  readonly baseOffset: bigint
  readonly logAppendTimeMs: bigint
  readonly logStartOffset: bigint
}

export interface ProduceResponseBody {
  readonly partitions: ReadonlyArray<ProducedPartition>
  readonly throttleMs: number
}

/** https://kafka.apache.org/protocol#The_Messages_Produce; error texts came with KIP-467. */
export const produce: Api<ProduceRequestBody, ProduceResponseBody> = {
  key: 0,
  name: "Produce",
  version: 8,
  flexible: false,
  throttle: "last",
  write: (to, { batch, partition, timeoutMs, topic }) => {
    to.nullableString(null) // no transaction
    to.int16(-1) // acks=all
    to.int32(timeoutMs)
    to.int32(1)
    to.string(topic)
    to.int32(1)
    to.int32(partition)
    to.int32(batch.length)
  },
  tail: ({ batch }) => batch,
  read: (from) => {
    const partitions = readByTopic(from, (topic) => {
      const partition = from.int32()
      const error = errorName(from.int16())
      const baseOffset = from.int64()
      const logAppendTimeMs = from.int64()
      const logStartOffset = from.int64()
      const records = from.array(() => ({ index: from.int32(), text: from.nullableString() }))
      const text = from.nullableString()
      const detail = text ?? records.find((record) => record.text !== null)?.text ?? ""
      return { topic, partition, error, detail, baseOffset, logAppendTimeMs, logStartOffset }
    })
    return { partitions, throttleMs: from.int32() }
  }
}
