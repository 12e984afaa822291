/**
 * Uploads files before they are large or old enough, because the disk buffer is near its bound or
 * the disk is full: first what nobody continues, then the largest.
 */
import { Clock, Effect } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { ArchivedFile, PartitionFailure } from "./Archived.ts"
import { isFull } from "./Archived.ts"
import type { BufferRoom } from "./BufferRoom.ts"
import type { CountedBuffer } from "./CountedBuffer.ts"
import { uploadOrphans } from "./Orphans.ts"
import type { OwnedPartition, OwnedPartitions } from "./OwnedPartition.ts"
import type { Partitions } from "./Partitions.ts"

/** Early uploads at the same time: no more partitions than these wait for a slow store. */
const uploadsAtOnce = 4
/** Milliseconds after which a file is tried again that the archive has refused. */
const refusedMs = 60_000

export interface EarlyUploadsEnvironment {
  readonly room: BufferRoom
  readonly counted: CountedBuffer
  readonly owned: OwnedPartitions
  readonly partitions: Pick<Partitions, "exclusively" | "failures" | "trouble">
  readonly archived: (file: ArchivedFile) => void
}

/** The largest first, because it frees most with one upload; of equal ones the oldest. */
const byUsefulness = (left: OwnedPartition, right: OwnedPartition): number =>
  (right.writer.bufferedBytes() ?? 0) - (left.writer.bufferedBytes() ?? 0)
  || (left.writer.waitingSinceMs() ?? 0) - (right.writer.waitingSinceMs() ?? 0)

/** Uploads what has to go, if anything has. To be repeated. */
export const makeEarlyUploads = (
  env: EarlyUploadsEnvironment
): Effect.Effect<void, never, DiskBuffer | ForeignSchema | ObjectStore> => {
  const { counted, owned, partitions, room } = env
  const refused = new Set<string>()
  let refusedAtMs = 0
  const seen = new WeakSet<PartitionFailure>()

  const isOwned = (name: string) => {
    const source = parseArchiveKey(name)
    return source !== undefined && owned.has(topicPartitionName(source))
  }

  /** Each full disk is answered once: what it takes to go on is tried by its partition. */
  const diskWasFull = () => {
    let full = false
    for (const failure of partitions.failures.values()) {
      if (!isFull(failure) || seen.has(failure)) continue
      seen.add(failure)
      full = true
    }
    return full
  }

  /** Bytes that may stay; `undefined` when all may. */
  const goal = () => diskWasFull() || room.isNearlyFull() ? Math.floor(room.bytes() / 2) : undefined

  const orphans = (keep: number) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      if (now - refusedAtMs >= refusedMs) {
        refusedAtMs = now
        refused.clear()
      }
      for (const name of refused) if (isOwned(name)) refused.delete(name)
      const wanted = (name: string) => !refused.has(name) && !isOwned(name)
      if ([...counted.sizes.keys()].some(wanted)) {
        const done = yield* uploadOrphans(
          partitions.exclusively,
          ({ name }) => wanted(name) && room.bytes() > keep
        )
        for (const file of done.uploaded) env.archived(file)
        for (const name of done.refused) refused.add(name)
      }
      room.except(refused)
    })

  const largest = (keep: number) => {
    const chosen: Array<OwnedPartition> = []
    let left = room.bytes()
    for (const partition of [...owned.values()].sort(byUsefulness)) {
      const size = partition.writer.bufferedBytes() ?? 0
      if (left <= keep || size === 0) break
      left -= size
      chosen.push(partition)
    }
    return chosen
  }

  /** An upload that does not end frees nothing, and holds up its partition. */
  const storeWorks = () => partitions.trouble() === undefined

  return Effect.gen(function*() {
    if (!storeWorks()) return
    const keep = goal()
    if (keep === undefined) return
    yield* Effect.ignoreLogged(orphans(keep))
    yield* Effect.forEach(
      largest(keep),
      ({ writer }) => Effect.when(Effect.ignore(writer.rotate), storeWorks),
      { concurrency: uploadsAtOnce, discard: true }
    )
  })
}
