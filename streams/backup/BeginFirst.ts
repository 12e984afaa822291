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
import type { Turns } from "../Turns.ts"
import { makeTurns } from "../Turns.ts"
import type { PartitionFailure } from "./Archived.ts"
import { BackupError } from "./Archived.ts"
import { claim } from "./Claim.ts"
import { placePartition, topicIsOurs } from "./Generation.ts"
import { makeSurvey } from "./Survey.ts"

const patience: Duration.DurationInput = "3 seconds"

const taken = (topic: string) =>
  new BackupError({
    reason: "Claimed",
    message: `another cluster has begun to archive a topic ${topic} under the same prefix at the`
      + " same time; this one goes beside it, as a later generation"
  })

/** One listing of all of the topic tells about each of its partitions. */
const partitionsOf = (topic: string, { partitionCount }: Origin) =>
  Array.from({ length: partitionCount }, (_, partition) => ({ topic, partition }))

/** The topics for which `beginFirst` has succeeded, and whose turn it is to try for one. */
export interface BegunTopics {
  readonly ids: Set<string>
  readonly turns: Map<string, Turns>
}

export const noneBegun = (): BegunTopics => ({ ids: new Set(), turns: new Map() })

/** One partition tries for all of its topic, which then need not ask the store themselves. */
const inTurn = ({ turns }: BegunTopics, { topicId }: Origin): Turns => {
  const known = turns.get(topicId)
  if (known !== undefined) return known
  const made = makeTurns(1)
  turns.set(topicId, made)
  return made
}

/**
 * To be run before the first file of a partition is put under the prefix. Fails with Claimed when
 * another cluster or another topic of the name came first: opened again, the partition has another
 * place.
 */
export const beginFirst = (
  prefix: string,
  origin: Origin,
  source: TopicPartition,
  begun: BegunTopics
): Effect.Effect<
  void,
  PartitionFailure,
  DiskBuffer | ForeignSchema | Kafka | ObjectStore
> =>
  Effect.gen(function*() {
    const { topic } = source
    if (begun.ids.has(origin.topicId)) return
    // What was empty when the partition was opened can be another's by now.
    const survey = makeSurvey(partitionsOf(topic, origin))
    const { root } = yield* placePartition(prefix, origin, source, { survey })
    if (root !== joinPath(prefix)) return yield* taken(topic)
    const ours = (yield* claim(prefix, origin, topic))
      || (yield* topicIsOurs(prefix, origin, source, survey)) === true
    if (!ours) return yield* taken(topic)
    begun.ids.add(origin.topicId)
  }).pipe(inTurn(begun, origin), Effect.unless(() => begun.ids.has(origin.topicId)), Effect.asVoid)

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
