/**
 * Before anything is put under the prefix itself: two clusters that both have found it empty must
 * not both write there, so the first of them to begin a file claims it.
 */
import type { Duration } from "effect"
import { Effect } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import { joinPath } from "../../src/domain/ArchiveKey.ts"
import type { Origin } from "../../src/domain/FileAccount.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { PartitionFailure } from "./Archived.ts"
import { BackupError } from "./Archived.ts"
import { claim } from "./Claim.ts"
import { placePartition, topicIsOurs } from "./Generation.ts"

const patience: Duration.DurationInput = "3 seconds"

const taken = (topic: string) =>
  new BackupError({
    reason: "Claimed",
    message: `another cluster has begun to archive a topic ${topic} under the same prefix at the`
      + " same time; this one goes beside it, as a later generation"
  })

/**
 * To be run before the first file of a partition is put under the prefix. Fails with Claimed when
 * another cluster or another topic of the name came first: opened again, the partition has another
 * place. `begun`: ids of the topics for which this has succeeded.
 */
export const beginFirst = (
  prefix: string,
  origin: Origin,
  source: TopicPartition,
  begun: Set<string>
): Effect.Effect<
  void,
  PartitionFailure,
  DiskBuffer | ForeignSchema | Kafka | ObjectStore
> =>
  Effect.gen(function*() {
    const { topic } = source
    if (begun.has(origin.topicId)) return
    // What was empty when the partition was opened can be another's by now.
    const { root } = yield* placePartition(prefix, origin, source, [], undefined)
    if (root !== joinPath(prefix)) return yield* taken(topic)
    const ours = (yield* claim(prefix, origin, topic))
      || (yield* topicIsOurs(prefix, origin, source)) === true
    if (!ours) return yield* taken(topic)
    begun.add(origin.topicId)
  })

/**
 * The same before anything is in the disk buffer, where it costs least to find another place. No
 * buffer waits for a store that is away: then the upload will tell.
 */
export const beginFirstIfPossible = (...args: Parameters<typeof beginFirst>) =>
  beginFirst(...args).pipe(
    Effect.timeoutOption(patience),
    Effect.catchIf(
      (error) => error._tag === "StoreError" && error.transient,
      () => Effect.void
    ),
    Effect.asVoid
  )
