/** What is done now and then with files in the working directory that no writer continues. */
import { Clock, Effect } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { FlushEnvironment } from "./Flush.ts"
import { removeCoveredLeftovers } from "./Leftovers.ts"
import { uploadOrphans } from "./Orphans.ts"

export interface Housekeeping {
  /**
   * Uploads buffer files of topics that are gone, of which they may be the last copy, and those
   * older than the greatest age of a file.
   */
  readonly orphans: Effect.Effect<void, never, DiskBuffer | ForeignSchema | ObjectStore>
  /** Deletes what the original left behind and the archive holds. */
  readonly leftovers: Effect.Effect<void, never, DiskBuffer | ForeignSchema | ObjectStore>
}

export const makeHousekeeping = (
  env: FlushEnvironment,
  /** Milliseconds; 0: none is old. */
  maxFileAgeMs: number,
  exists: (topic: string) => boolean
): Housekeeping => {
  const kept = new Set<string>()
  return {
    orphans: Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const { uploaded } = yield* uploadOrphans(
        env.partitions.exclusively,
        ({ created }, { topic }) =>
          !exists(topic) || (maxFileAgeMs > 0 && now - created >= maxFileAgeMs)
      )
      for (const file of uploaded) env.archived(file)
    }).pipe(Effect.ignoreLogged),
    leftovers: Effect.ignoreLogged(removeCoveredLeftovers(
      (source) => env.owned.get(topicPartitionName(source))?.writer.durable(),
      kept
    ))
  }
}
