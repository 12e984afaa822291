/**
 * What is really in Kafka: an independent producer and consumer on Apache Kafka's Java client, for
 * tests and the demo. `TruthLayer.ts` drives `Truth.java`.
 */
import type { Effect } from "effect"
import { Context } from "effect"
import type { StackError } from "../stack/StackError.ts"

/** Hex, or null. */
export type Bytes = string | null

/** A value above the limit given to `consume`. */
export interface LargeBytes {
  readonly length: number
  readonly sha256: string
}

export interface NewRecord {
  readonly topic: string
  /** Without it the Java client chooses. */
  readonly partition?: number
  readonly key?: Bytes
  /** Hex, or so many bytes of noise from a seed. */
  readonly value?: Bytes | { readonly size: number; readonly seed: number }
  readonly headers?: ReadonlyArray<readonly [name: string, value: Bytes]>
  /** Milliseconds since the epoch; default now. */
  readonly timestamp?: number
  /** The transaction it belongs to: an id that an earlier line has begun. */
  readonly tx?: string
}

/** Transactions of several producers may be open at once; their records interleave in line order. */
export type ProduceLine =
  | NewRecord
  | { readonly begin: string }
  | { readonly commit: string }
  | { readonly abort: string }

export interface TrueRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: string
  readonly key: Bytes | LargeBytes
  readonly value: Bytes | LargeBytes
  /** In order, duplicates included. */
  readonly headers: ReadonlyArray<readonly [name: string, value: Bytes]>
}

export interface TruthTopic {
  readonly topic: string
  readonly partitions: number
  readonly replicas?: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicDescription {
  readonly topic: string
  readonly topicId: string
  readonly partitions: number
  readonly internal: boolean
}

export interface TrueOffsets {
  readonly topic: string
  readonly partition: number
  readonly earliest: number
  readonly latest: number
  /** The last stable offset. */
  readonly stable: number
}

export interface TruePosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
}

export interface NewPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch?: number
  readonly metadata?: string
}

type Answer<A> = Effect.Effect<A, StackError>

export class Truth extends Context.Tag("kafka-data-keep/dev/Truth")<Truth, {
  /** Returns when every partition has a leader. */
  readonly createTopics: (topics: ReadonlyArray<TruthTopic>) => Answer<void>
  /** Returns when they are gone. */
  readonly deleteTopics: (topics: ReadonlyArray<string>) => Answer<void>
  readonly describeTopics: (
    topics: ReadonlyArray<string>
  ) => Answer<ReadonlyArray<TopicDescription>>
  readonly alterTopic: (topic: string, configs: Readonly<Record<string, string>>) => Answer<void>
  readonly addPartitions: (topic: string, total: number) => Answer<void>
  /**
   * Quotas of all clients with that id (`producer_byte_rate`, `consumer_byte_rate`, in bytes per
   * second and broker); null removes one.
   */
  readonly alterQuotas: (
    clientId: string,
    quotas: Readonly<Record<string, number | null>>
  ) => Answer<void>
  /** Moves the start of the log, as retention does. */
  readonly deleteRecords: (topic: string, partition: number, before: number) => Answer<void>
  readonly offsets: (topics: ReadonlyArray<string>) => Answer<ReadonlyArray<TrueOffsets>>
  readonly groupOffsets: (group: string) => Answer<ReadonlyArray<TruePosition>>
  /** Commits for a group without members. */
  readonly commitGroup: (group: string, offsets: ReadonlyArray<NewPosition>) => Answer<void>
  /**
   * Joins the group as its only member, reads from its positions to the ends of the topics, commits
   * and leaves: what its consumers would read. Stops early when it has read `limit` records or a
   * few more. A partition without a position is an error, unless `config` of the Java consumer says
   * otherwise (`auto.offset.reset`).
   */
  readonly continueGroup: (
    group: string,
    topics: ReadonlyArray<string>,
    options?: {
      readonly limit?: number
      readonly config?: Readonly<Record<string, string>>
    }
  ) => Answer<ReadonlyArray<TrueRecord>>
  /**
   * Produces in order; returns topic, partition and offset of each record. `config` is the Java
   * producer's own (`compression.type`, `batch.size`, `linger.ms`, …). A transaction that no line
   * ends stays open.
   */
  readonly produce: (
    lines: ReadonlyArray<ProduceLine>,
    config?: Readonly<Record<string, string>>
  ) => Answer<ReadonlyArray<readonly [topic: string, partition: number, offset: number]>>
  /** Everything in the topics now, in offset order within each partition. */
  readonly consume: (
    topics: ReadonlyArray<string>,
    options?: {
      readonly isolation?: "read_committed" | "read_uncommitted"
      /** Longer keys and values come as length and SHA-256; default 4096. */
      readonly maxValueBytes?: number
    }
  ) => Answer<ReadonlyArray<TrueRecord>>
}>() {}
