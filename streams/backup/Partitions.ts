/** Opens, runs and closes the backup of each partition that this member owns. */
import type { Scope } from "effect"
import { Effect, Fiber } from "effect"
import type { DiskBuffer } from "../../services/DiskBuffer.ts"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { makeTurns, makeWeighedTurns } from "../Turns.ts"
import { archiveFile } from "./Archive.ts"
import type { ArchivedFile, PartitionFailure } from "./Archived.ts"
import { noneBegun } from "./BeginFirst.ts"
import type { GrowingFile } from "./GrowingFile.ts"
import { makeLives, parkPatience } from "./Lives.ts"
import type { OpeningEnvironment } from "./Opening.ts"
import { openOwned } from "./Opening.ts"
import { gatherFacts } from "./OpeningFacts.ts"
import type { Exclusively } from "./Orphans.ts"
import type { OwnedPartitions } from "./OwnedPartition.ts"

/** Partitions opened at the same time. */
const openingAtOnce = 16
/** Partitions let go of at the same time. */
const stoppingAtOnce = 64
/**
 * Uploads at the same time: so many of small files, most of whose time is the wait for an answer,
 * and a quarter as many of large ones, which fill the line.
 */
const smallUploadsAtOnce = 16
/** Bytes that count as one small file. */
const smallUploadBytes = 1 << 20

const uploadWeight = ({ size }: GrowingFile): number =>
  Math.min(smallUploadsAtOnce / 4, Math.ceil(size / smallUploadBytes))

export interface PartitionsEnvironment extends Omit<OpeningEnvironment, "archive" | "begun"> {
  readonly owned: OwnedPartitions
  readonly archived: (file: ArchivedFile) => void
}

/** The store has failed ever since, at every try. */
export interface StoreTrouble {
  readonly sinceMs: number
  readonly error: StoreError
}

export interface Partitions {
  /** Begins to back up the partitions, in the background, until `stop`. */
  readonly start: (sources: ReadonlyArray<TopicPartition>) => Effect.Effect<void>
  /**
   * Brings what was taken in into the disk buffer, commits what is durable, and lets go. Uploads
   * under way are given up. Ends within seconds, whoever does not answer.
   */
  readonly stop: (sources: ReadonlyArray<TopicPartition>, owner: boolean) => Effect.Effect<void>
  /** Partitions that failed, with the reason. */
  readonly failures: ReadonlyMap<string, PartitionFailure>
  /** Those that are not tried again, because of `once`. */
  readonly givenUp: ReadonlySet<string>
  /** All partitions started and not stopped. */
  readonly started: ReadonlySet<string>
  readonly exclusively: Exclusively
  readonly trouble: () => StoreTrouble | undefined
}

type Env = Kafka | ObjectStore | DiskBuffer | ForeignSchema

export const makePartitions = (
  env: PartitionsEnvironment
): Effect.Effect<Partitions, never, Env | Scope.Scope> =>
  Effect.gen(function*() {
    const { committer, options, owned } = env
    const context = yield* Effect.context<Env>()
    const scope = yield* Effect.scope
    const opening = makeTurns(openingAtOnce)
    const uploading = makeWeighedTurns(smallUploadsAtOnce)
    const started = new Set<string>()
    let trouble: StoreTrouble | undefined

    const archive = (file: GrowingFile, before: Effect.Effect<void, PartitionFailure>) =>
      Effect.flatMap(Effect.clock, (clock) =>
        archiveFile(file, {
          before,
          patience: options.once ? "30 seconds" : undefined,
          tried: (error) => {
            // A try that only waited for its answer has failed when it gives up, and no sooner.
            const sinceMs = trouble?.sinceMs ?? clock.unsafeCurrentTimeMillis()
            trouble = error === undefined ? undefined : { sinceMs, error }
          }
        })).pipe(
          uploading(uploadWeight(file)),
          Effect.tap((done) => Effect.sync(() => env.archived(done))),
          Effect.provide(context)
        )
    const openingEnvironment = { ...env, archive, begun: noneBegun() }

    const lives = yield* makeLives({
      once: options.once,
      owned,
      crashed: env.crashed,
      open: ({ failed, makeRoom, source, together }) =>
        Effect.suspend(() => together ?? gatherFacts(options.groupId, [source])).pipe(
          Effect.flatMap((facts) => facts(source)),
          Effect.flatMap((facts) => openOwned(openingEnvironment, source, facts, failed, makeRoom)),
          opening
        )
    })

    const stopOne = (owner: boolean) => (source: TopicPartition) =>
      Effect.gen(function*() {
        const name = topicPartitionName(source)
        const partition = owned.get(name)
        for (const names of [owned, started, lives.failures, lives.givenUp]) names.delete(name)
        if (partition !== undefined) {
          partition.stopped = true
          if (!owner) partition.release()
          yield* Effect.ignoreLogged(
            Effect.timeout(Effect.interruptible(partition.writer.stop), parkPatience)
          )
          partition.markDurable()
        }
        yield* lives.end(source)
        return partition
      })

    return {
      failures: lives.failures,
      givenUp: lives.givenUp,
      exclusively: lives.exclusively,
      started,
      trouble: () => trouble,
      start: (sources) =>
        Effect.gen(function*() {
          for (const source of sources) started.add(topicPartitionName(source))
          const gathered = yield* Effect.forkIn(gatherFacts(options.groupId, sources), scope)
          for (const source of sources) lives.begin(source, Fiber.join(gathered))
        }).pipe(Effect.provide(context)),
      stop: (sources, owner) =>
        Effect.gen(function*() {
          const stopped = yield* Effect.forEach(sources, stopOne(owner), {
            concurrency: stoppingAtOnce
          })
          if (owner) {
            yield* Effect.timeoutOption(Effect.interruptible(committer.commit), "5 seconds")
          }
          for (const partition of stopped) partition?.release()
        })
    }
  })
