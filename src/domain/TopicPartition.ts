/** One partition of one topic: the unit in which everything is copied, planned and restored. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `topic-partition`, as Kafka's own tools write it. Unique: a partition holds no dash. */
export const topicPartitionName = ({ partition, topic }: TopicPartition): string =>
  `${topic}-${partition}`

/** By `topicPartitionName`; of several with the same name the last one. */
export const byPartitionName = <A extends TopicPartition>(all: Iterable<A>): Map<string, A> =>
  new Map(Array.from(all, (each) => [topicPartitionName(each), each]))
