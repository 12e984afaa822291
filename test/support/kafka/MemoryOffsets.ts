/** The committed offsets of one group. */
import type { CommittedOffset, OffsetToCommit } from "../../../services/Kafka.ts"
import type { TopicPartition } from "../../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../../src/domain/TopicPartition.ts"

export class MemoryOffsets {
  readonly #offsets = new Map<string, CommittedOffset>()

  commit({ leaderEpoch, metadata, offset, partition, topic }: OffsetToCommit): void {
    const committed = { topic, partition, offset, leaderEpoch, metadata: metadata ?? "" }
    this.#offsets.set(topicPartitionName(committed), { ...committed, error: undefined })
  }

  get all(): ReadonlyArray<CommittedOffset> {
    return [...this.#offsets.values()]
  }

  of({ partition, topic }: TopicPartition): CommittedOffset {
    const none = { offset: -1n, leaderEpoch: -1, metadata: "", error: undefined }
    return this.#offsets.get(topicPartitionName({ topic, partition })) ??
      { topic, partition, ...none }
  }
}
