/**
 * Whether an archive file without facts is of the topic's present life: its records are compared
 * with the cluster's at the same offsets.
 */
import { Effect } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { makeLeaders } from "../Leaders.ts"
import { readLogPatiently } from "../ReadLog.ts"
import { readObject } from "../StoreReads.ts"
import { fileDigests, firstDifference, keyValueDigest, lastOffset } from "./Digests.ts"

/** Fetches spent on finding a record that both still have. */
const pages = 8

/**
 * True when the records that both hold are the same. When none can be compared any more, because
 * retention or compaction removed them, the log must at least reach as far as the file.
 */
export const agreesWithCluster = (source: TopicPartition, key: string) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const archived = yield* fileDigests(readObject(key), "key and value")
    const last = lastOffset(archived)
    if (last === undefined) return true
    const [earliest] = yield* kafka.listOffsets([source], "earliest")
    const [latest] = yield* kafka.listOffsets([source], "latest")
    if (latest === undefined || latest.offset <= last) return false
    if (earliest === undefined || earliest.offset > last) return true
    const first = archived.keys().next().value ?? last
    const leaders = yield* makeLeaders
    let from = earliest.offset > first ? earliest.offset : first
    for (let page = 0; page < pages && from <= last; page++) {
      const { next, records } = yield* readLogPatiently(leaders, source, from)
      const live = new Map(
        records.map((record) => [record.offset, keyValueDigest(record)])
      )
      if (firstDifference(archived, live) !== undefined) return false
      if ([...live.keys()].some((offset) => archived.has(offset))) return true
      if (next === from) break
      from = next
    }
    return true
  })
