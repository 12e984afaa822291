/** What the commands can be told, after flags, environment and defaults have been resolved. */

/** Decides by name; built from RE2 expressions by the command line, or by hand when embedding. */
export type NamePredicate = (name: string) => boolean

export interface BackupOptions {
  readonly include: NamePredicate
  readonly exclude: NamePredicate
  readonly groupId: string
  readonly prefix: string
  /** Bytes of a buffered archive file at which it is uploaded. */
  readonly minFileSize: number
  /** Milliseconds after its first record at which a file is uploaded; 0 never. */
  readonly maxFileAgeMs: number
  /** Milliseconds without records after which a partition gives back descriptor and block. */
  readonly partitionIdleMs: number
  /** Milliseconds without Kafka after which what is buffered is uploaded; 0 never. */
  readonly kafkaOutageFlushMs: number
  readonly flushOnExit: boolean
  /** Stop at the last stable offsets of now, with everything uploaded and committed. */
  readonly once: boolean
  /** Milliseconds between two looks at the topics of the cluster. */
  readonly topicRefreshMs: number
  /** Milliseconds between two fetches from a broker, so that more gathers in between; 0 none. */
  readonly consumeDelayMs: number
}

export interface PlanOptions {
  /** In this order; a topic belongs to the first that matches it. */
  readonly topics: ReadonlyArray<NamePredicate>
  readonly exclude: NamePredicate
  readonly prefix: string
  readonly planTopic: string
  /** Create the plan topic with so many partitions when it is missing. */
  readonly planTopicPartitions: number | undefined
  /** Topics above the threshold go last, keeping their order among themselves. */
  readonly processLargeTopicsLast: boolean
  readonly largeTopicThresholdMb: number
  readonly dryRun: boolean
}

export interface RestoreOptions {
  readonly planTopic: string
  readonly topicPrefix: string
  readonly groupId: string
  readonly exclude: NamePredicate
  /** Refuse a target partition whose data no restore wrote. */
  readonly failOnExistingData: boolean
  readonly compression: "none" | "gzip" | "snappy" | "lz4" | "zstd"
  /** Milliseconds to wait before the first plan record is read. */
  readonly consumeDelayMs: number
  readonly once: boolean
}
