/** How the restore of a file or a partition can end. */
import { Data, Schema } from "effect"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"

/** An archive file whose every record is in the target, acknowledged. */
export interface RestoredFile {
  /** Object key of the archive file. */
  readonly key: string
  /** Where it was restored to. */
  readonly topic: string
  readonly partition: number
  /** Records produced. */
  readonly records: number
  /** Bytes produced: whole record batches, compressed. */
  readonly bytes: number
  /** The target had all of the file's records already. */
  readonly skipped: boolean
}

/** What stops one partition, while all others go on. */
export class RestoreFailure extends Data.TaggedError("RestoreFailure")<{
  /** The target partition, or the plan partition when no target can be named. */
  readonly partition: TopicPartition
  /** One sentence. */
  readonly reason: string
  /** Object key of the archive file at fault. */
  readonly file?: string | undefined
  /** Offset in the source partition of the record at fault. */
  readonly sourceOffset?: bigint | undefined
}> {
  override get message(): string {
    const file = this.file === undefined ? "" : ` (${this.file})`
    return `${topicPartitionName(this.partition)}: ${this.reason}${file}`
  }
}

/** Somebody else owns the plan partition now, and what it writes counts. */
export class OwnershipLost extends Data.TaggedError("OwnershipLost")<{
  readonly message: string
}> {}

/** The broker no longer knows where this producer was: take over anew and look at the target. */
export class ProducerReset extends Data.TaggedError("ProducerReset")<{
  readonly message: string
}> {}

export class FailedPartition extends Schema.Class<FailedPartition>("FailedPartition")({
  topic: Schema.String,
  partition: Schema.Number,
  reason: Schema.String,
  file: Schema.optional(Schema.String),
  sourceOffset: Schema.optional(Schema.BigIntFromSelf)
}) {}

/** Everything that could be restored has been; these partitions could not. */
export class RestoreIncomplete extends Schema.TaggedError<RestoreIncomplete>()(
  "RestoreIncomplete",
  { failures: Schema.Array(FailedPartition) }
) {
  override get message(): string {
    const lines = this.failures.map(({ file, partition, reason, topic }) =>
      `${topic}-${partition}: ${reason}${file === undefined ? "" : ` (${file})`}`
    )
    const count = lines.length === 1 ? "1 partition" : `${lines.length} partitions`
    return `${count} could not be restored: ${lines.join("; ")}`
  }
}

export const failedPartition = (failure: RestoreFailure): FailedPartition =>
  new FailedPartition({
    ...failure.partition,
    reason: failure.reason,
    ...(failure.file === undefined ? {} : { file: failure.file }),
    ...(failure.sourceOffset === undefined ? {} : { sourceOffset: failure.sourceOffset })
  })
