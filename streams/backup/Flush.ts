/** Uploads and commits everything buffered: on request, after an outage, or at the end. */
import type { Duration } from "effect"
import { Clock, Deferred, Effect, Either, Option } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { FlushOutcome } from "../../services/FlushRequests.ts"
import { FlushRequests } from "../../services/FlushRequests.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { ArchivedFile } from "./Archived.ts"
import type { Committer } from "./Committer.ts"
import { uploadOrphans } from "./Orphans.ts"
import type { OwnedPartitions } from "./OwnedPartition.ts"
import type { Partitions } from "./Partitions.ts"

/** How long a flush waits for Kafka to take the commit. */
const commitPatience: Duration.DurationInput = "10 seconds"
/** Milliseconds that the store may fail at every try before a flush gives up on it. */
const storePatienceMs = 30_000
/**
 * Partitions that compress and upload what they have at the same time: enough for the uploads
 * never to wait, few enough that not each of thousands has a file open.
 */
const rotationsAtOnce = 64
/** How long a flush waits for partitions that are just being opened. */
const openingPatience: Duration.DurationInput = "30 seconds"

export interface FlushEnvironment {
  readonly owned: OwnedPartitions
  readonly partitions: Partitions
  readonly committer: Committer
  readonly archived: (file: ArchivedFile) => void
}

const allOpened = ({ owned, partitions }: FlushEnvironment) =>
  Effect.gen(function*() {
    const open = (name: string) => owned.has(name) || partitions.failures.has(name)
    while (![...partitions.started].every(open)) yield* Effect.sleep("50 millis")
  }).pipe(Effect.interruptible, Effect.timeoutOption(openingPatience))

/** Fails when the store has failed at every try for too long. Looks every second. */
const storeIsGone = ({ partitions }: FlushEnvironment): Effect.Effect<never, StoreError> =>
  Effect.gen(function*() {
    const begun = yield* Clock.currentTimeMillis
    for (;;) {
      yield* Effect.sleep("1 second")
      const trouble = partitions.trouble()
      if (trouble === undefined) continue
      const since = Math.max(begun, trouble.sinceMs)
      if ((yield* Clock.currentTimeMillis) - since >= storePatienceMs) return yield* trouble.error
    }
  })

/** Fails with one sentence that names what could not be uploaded. */
export const flushAll = (
  env: FlushEnvironment
): Effect.Effect<FlushOutcome, string, DiskBuffer | ForeignSchema | ObjectStore> =>
  Effect.gen(function*() {
    const { committer, owned, partitions } = env
    yield* allOpened(env)
    const now = [...owned.values()]
    const rotations = yield* Effect.forEach(now, ({ writer }) => Effect.either(writer.rotate), {
      concurrency: rotationsAtOnce
    }).pipe(
      Effect.interruptible,
      Effect.raceFirst(Effect.interruptible(storeIsGone(env))),
      Effect.mapError(({ message }) => `not everything is uploaded, the store fails: ${message}`)
    )
    const orphans = yield* uploadOrphans(partitions.exclusively).pipe(
      Effect.mapError((error) => error.message)
    )
    for (const file of orphans.uploaded) env.archived(file)
    for (const partition of now) partition.markDurable()

    const commit = Effect.timeoutOption(Effect.interruptible(committer.commit), commitPatience)
    const committed = Option.getOrElse(yield* commit, () => false)

    const failed = [
      ...rotations.filter(Either.isLeft).map(({ left }) => left.message),
      ...orphans.failed
    ]
    if (failed[0] !== undefined) {
      return yield* Effect.fail(`${failed.length} files not uploaded, among them: ${failed[0]}`)
    }
    const files = rotations.filter(Either.isRight)
      .reduce((sum, count) => sum + count.right, orphans.uploaded.length)
    // A partition that is not open commits when it is; without any, the group is lost.
    const pending = orphans.uploaded.some((file) =>
      now.length === 0 || partitions.started.has(topicPartitionName(file))
    )
    return { files, committed: committed && !pending }
  })

/** Answers the requests to flush, one after the other. */
export const answerFlushes = (env: FlushEnvironment) =>
  Effect.gen(function*() {
    const requests = yield* FlushRequests
    const request = yield* requests.take
    yield* Effect.logInfo("flushing everything buffered")
    const outcome = yield* Effect.exit(flushAll(env))
    yield* Deferred.done(request.reply, outcome)
    yield* Effect.logInfo("flushed").pipe(Effect.annotateLogs({ outcome: outcome._tag }))
  }).pipe(Effect.forever)
