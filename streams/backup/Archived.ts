/** What a backup emits, and how it can fail. */
import { Data } from "effect"
import type { BufferError } from "../../services/DiskBuffer.ts"
import type { KafkaError } from "../../services/Kafka.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"

/** One archive file that is durable in the store. */
export interface ArchivedFile extends TopicPartition {
  readonly key: string
  readonly facts: FileFacts
  /** Bytes in the store; 0 when the archive held all of it already. */
  readonly bytes: number
}

/**
 * `Conflict`: the archive holds something else at the same offset. `BeyondLog`: the archive is
 * ahead of the partition. `CutBack`: the log has lost what was read, and goes on in a later leader
 * epoch. `NoPrefix`: a second generation needs a prefix. `Claimed`: another cluster was the first
 * to write under the prefix. `Incomplete`: partitions failed, the others are done; or a partition
 * was given up before what was asked had been done.
 */
export class BackupError extends Data.TaggedError("BackupError")<{
  readonly reason: "Conflict" | "BeyondLog" | "CutBack" | "NoPrefix" | "Claimed" | "Incomplete"
  readonly message: string
}> {}

/** Whatever can stop the backup of one partition. */
export type PartitionFailure = KafkaError | StoreError | BufferError | CodecError | BackupError

/** There is no room on the disk. */
export const isFull = (error: PartitionFailure): boolean =>
  error._tag === "BufferError" && error.reason === "Full"
