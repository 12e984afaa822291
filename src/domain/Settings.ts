/** What the commands can be told, after flags, environment and defaults have been resolved. */
import type { RestoreChoice } from "./RestoreChoice.ts"
import type { OnAhead, OnMissingTopic } from "./Translation.ts"

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
  /** Bytes in the disk buffer at which files are uploaded early and fetching waits; 0 no bound. */
  readonly maxBufferBytes: number
  /** Milliseconds after which buffered files are synced to the disk; 0 only when they are closed. */
  readonly bufferSyncMs: number
  /** Of zstd, 1 to 19. */
  readonly compressionLevel: number
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

/** Which life of each topic: the newest, the one under the prefix itself, or that topic id's. */
export type GenerationChoice = "newest" | "first" | { readonly topicId: string }

export interface PlanOptions {
  /** In this order; a topic belongs to the first that matches it. */
  readonly topics: ReadonlyArray<NamePredicate>
  readonly exclude: NamePredicate
  readonly choice: RestoreChoice
  readonly prefix: string
  readonly planTopic: string
  /** Create the plan topic with so many partitions when it is missing. */
  readonly planTopicPartitions: number | undefined
  /** Topics above the threshold go last, keeping their order among themselves. */
  readonly processLargeTopicsLast: boolean
  readonly largeTopicThresholdMb: number
  readonly generation: GenerationChoice
  readonly dryRun: boolean
}

/** How records are restored, wherever the plan is. */
export interface RestoreRules {
  readonly topicPrefix: string
  readonly exclude: NamePredicate
  readonly choice: RestoreChoice
  /** Bytes of keys, values and header values and names a second, before compression; 0 no bound. */
  readonly maxBytesPerSecond: number
  /** Refuse a target partition whose data no restore wrote. */
  readonly failOnExistingData: boolean
  readonly compression: "none" | "gzip" | "snappy" | "lz4" | "zstd"
}

export interface RestoreOptions extends RestoreRules {
  readonly planTopic: string
  readonly groupId: string
  /** Milliseconds to wait before the first plan record is read. */
  readonly consumeDelayMs: number
  readonly once: boolean
}

export interface BackupGroupsOptions {
  /** Key of the object that is replaced each time. */
  readonly location: string
  /** Milliseconds between the starts of two runs. */
  readonly runIntervalMs: number
  /** Milliseconds between two snapshots that are kept; 0: none is. */
  readonly historyIntervalMs: number
  /** Milliseconds after which a kept snapshot is removed. */
  readonly historyMaxAgeMs: number
  /** Milliseconds that an empty or much smaller snapshot must hold before it counts. */
  readonly shrinkHoldMs: number
  readonly allowOtherCluster: boolean
  readonly once: boolean
}

/** `main`: the object at the location; `latest` or a time: out of the history. */
export type SnapshotChoice =
  | { readonly kind: "main" }
  | { readonly kind: "latest" }
  /** The newest complete one of this time or before; milliseconds since the epoch. */
  | { readonly kind: "at"; readonly timeMs: number }

export interface RestoreGroupsOptions {
  readonly location: string
  readonly snapshot: SnapshotChoice
  readonly groupsPrefix: string
  readonly topicsPrefix: string
  /** By the names in the source. */
  readonly includeGroups: NamePredicate
  readonly excludeGroups: NamePredicate
  readonly excludeTopics: NamePredicate
  /** What topics-restore was told. */
  readonly choice: RestoreChoice
  /** Prefix of the archive whose coverage is asked; `undefined`: it is not known. */
  readonly archivePrefix: string | undefined
  /** The plan whose progress is asked; `undefined`: it is not known. */
  readonly plan: { readonly topic: string; readonly groupId: string } | undefined
  readonly onAhead: OnAhead
  readonly onMissingTopic: OnMissingTopic
  /** Milliseconds between two passes. */
  readonly loopIntervalMs: number
  readonly dryRun: boolean
  /** One pass: what would have to wait fails. */
  readonly once: boolean
}
