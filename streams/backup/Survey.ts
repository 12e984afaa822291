/**
 * What the archive holds of partitions that are opened together, looked up for all of them at once:
 * one listing of a topic in place of one for each of its partitions.
 */
import { Effect, Stream } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { LaterRoot } from "../../src/domain/ArchiveKey.ts"
import { joinPath, parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { compareKeys } from "../../src/domain/ObjectKey.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { Memo } from "../Memo.ts"
import { makeMemo } from "../Memo.ts"
import { listObjects } from "../StoreReads.ts"
import type { PartitionFailure } from "./Archived.ts"

export interface NewestKey {
  readonly key: string
  readonly firstOffset: bigint
}

/** Of one topic below one root. */
export interface SurveyedTopic {
  /** The highest key of each partition that has one, in key order, as far as it was listed. */
  readonly newest: ReadonlyMap<number, NewestKey>
  /** Whether everything of the partition was listed, so that what `newest` lacks is not there. */
  readonly settled: (partition: number) => boolean
  /** The same of all partitions. */
  readonly whole: boolean
}

export interface Branch extends LaterRoot {
  readonly leaderEpoch: number
}

/** As old as the opening of the first partition of a topic, so only for those opened with it. */
export interface Survey {
  /** Nothing is settled where a listing for all does not pay. */
  readonly topic: (
    root: string,
    topic: string
  ) => Effect.Effect<SurveyedTopic, StoreError, ObjectStore>
  /** Whether there is more than one topic, for which a listing of all there are pays. */
  readonly ofMany: boolean
  /** By folder: the folders below it. */
  readonly folders: Memo<ReadonlyArray<string>, StoreError, ObjectStore>
  /** By the beginning of their keys: the keys of objects that are few. */
  readonly keys: Memo<ReadonlySet<string>, StoreError, ObjectStore>
  /** By topic id. */
  readonly branches: Memo<ReadonlyArray<Branch>, StoreError, ObjectStore>
  /** By topic: for partitions of which the prefix holds nothing, whether it is this generation's. */
  readonly firstIsOurs: Memo<
    boolean | undefined,
    PartitionFailure,
    Kafka | ObjectStore | DiskBuffer | ForeignSchema
  >
}

/** Keys that one listing may bring whatever they are good for: a page of S3's. */
const freeKeys = 1000
/**
 * Keys for each partition that is settled by them, at most: to take so many from a listing costs as
 * much as a listing of its own (measured: 33 microseconds each, and 3 ms).
 */
const keysEach = 80
/** Topics with more keys than that, after which each partition is listed for itself. */
const mostLosses = 8

const unknown: SurveyedTopic = { newest: new Map(), settled: () => false, whole: false }

const canonical = /^(?:0|[1-9]\d*)$/

const surveyTopic = (
  root: string,
  topic: string,
  wanted: ReadonlySet<number>
): Effect.Effect<SurveyedTopic, StoreError, ObjectStore> =>
  Effect.suspend(() => {
    const folder = `${joinPath(root, topic)}/`
    const newest = new Map<number, NewestKey>()
    let last = ""
    let keys = 0
    let whole = true
    const passed = (partition: number) => {
      const own = `${folder}${partition}/`
      return !last.startsWith(own) && compareKeys(last, own) > 0
    }
    const take = (page: ReadonlyArray<{ readonly key: string }>) => {
      // Copies: what a listing's parser returns can hold on to the whole page.
      const found = new Map<number, string>()
      for (const { key } of page) {
        const name = key.slice(folder.length, key.indexOf("/", folder.length))
        const parsed = canonical.test(name) ? parseArchiveKey(key) : undefined
        if (parsed?.topic !== topic || parsed.partition !== Number(name)) continue
        found.set(parsed.partition, key)
      }
      for (const [partition, key] of found) {
        const own = Buffer.from(key).toString()
        newest.set(partition, { key: own, firstOffset: parseArchiveKey(own)?.firstOffset ?? 0n })
      }
      last = page.at(-1)?.key ?? last
      keys += page.length
      if (keys < freeKeys) return true
      let settled = 0
      for (const partition of wanted) if (passed(partition)) settled++
      return whole = keys <= settled * keysEach
    }
    return Effect.map(
      Stream.runForEachWhile(listObjects(folder), (page) => Effect.sync(() => take(page))),
      () => ({ newest, whole, settled: (partition) => whole || passed(partition) })
    )
  })

/** For partitions that are opened together; of one alone, or of none, it asks for nothing. */
export const makeSurvey = (sources: ReadonlyArray<TopicPartition>): Survey => {
  const wanted = new Map<string, Set<number>>()
  for (const { partition, topic } of sources) {
    const known = wanted.get(topic) ?? new Set()
    wanted.set(topic, known.add(partition))
  }
  const topics = makeMemo<SurveyedTopic, StoreError, ObjectStore>()
  let losses = 0
  return {
    topic: (root, topic) =>
      Effect.suspend(() => {
        const partitions = wanted.get(topic)
        if (partitions === undefined || partitions.size < 2) return Effect.succeed(unknown)
        const ask = Effect.suspend(() =>
          losses < mostLosses
            ? Effect.tap(surveyTopic(root, topic, partitions), ({ whole }) =>
              Effect.sync(() => {
                if (!whole) losses++
              }))
            : Effect.succeed(unknown)
        )
        return topics(joinPath(root, topic), ask)
      }),
    ofMany: wanted.size > 1,
    folders: makeMemo(),
    keys: makeMemo(),
    branches: makeMemo(),
    firstIsOurs: makeMemo()
  }
}
