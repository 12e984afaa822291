/** One partition of one topic: the unit in which everything is copied, planned and restored. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `topic-partition`, as Kafka's own tools write it. Unique: a partition holds no dash. */
export const topicPartitionName = ({ partition, topic }: TopicPartition): string =>
  `${topic}-${partition}`
