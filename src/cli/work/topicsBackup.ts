/** What `topics-backup` does: it copies topics into the archive for as long as it runs. */
import { Effect } from "effect"
import type { ArchivedFile } from "../../../streams/backup/Archived.ts"
import { backupTopics } from "../../../streams/BackupTopics.ts"
import { shareOf } from "../../domain/WorkerCount.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import { bringIn } from "../BringIn.ts"
import type { topicsBackupFlags } from "../commands/topicsBackup.ts"
import type { LongSettings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { backupLive, supervisorLive } from "../Live.ts"
import { runTelling } from "../Progress.ts"
import { showProgress } from "../ShowProgress.ts"
import { supervise } from "../Supervise.ts"
import type { WorkerPlace } from "../Workers.ts"
import { shareWork } from "../Workers.ts"
import { PartlyDone } from "../WorkersFailed.ts"

type Flags = Values<typeof topicsBackupFlags>

/** New topics and partitions are seen within this time. */
const topicRefreshMs = 30_000

const finished = "the backup is complete"

const optionsOf = (flags: Flags, { workers }: WorkerPlace) => ({
  include: flags.topicsRegex,
  exclude: flags.excludeTopicsRegex,
  groupId: flags.groupId,
  prefix: flags.prefix,
  minFileSize: flags.minFileSize,
  maxFileAgeMs: flags.maxFileAge,
  partitionIdleMs: flags.partitionIdleThreshold,
  maxBufferBytes: shareOf(flags.maxBufferSize, workers),
  bufferSyncMs: flags.bufferSync,
  compressionLevel: flags.compressionLevel,
  kafkaOutageFlushMs: flags.kafkaOutageFlush,
  consumeDelayMs: flags.consumeDelay,
  flushOnExit: flags.flushOnExit,
  once: flags.once,
  topicRefreshMs
})

const tell = ({ bytes, facts, key }: ArchivedFile) => ({
  message: bytes === 0 ? "the archive has this file already" : "archive file uploaded",
  fields: { key },
  records: bytes === 0 ? 0 : facts.recordCount,
  bytes
})

const member = (settings: LongSettings<Flags>) => (place: WorkerPlace) =>
  checkArchive({ prefix: settings.own.prefix, write: true }).pipe(
    Effect.zipRight(runTelling(backupTopics(optionsOf(settings.own, place)), tell, finished)),
    Effect.catchTag(
      "BackupError",
      (error) =>
        Effect.fail(
          error.reason === "Incomplete" ? new PartlyDone({ message: error.message }) : error
        )
    ),
    Effect.provide(backupLive(settings, {
      workingDir: settings.own.workingDir,
      worker: place.worker,
      flushPort: flushPortOf(settings.own)
    }))
  )

const flushPortOf = ({ enableFlushServer, flushServerPort }: Flags) =>
  enableFlushServer ? flushServerPort : undefined

export const whenStopped = ({ own }: LongSettings<Flags>): string =>
  own.flushOnExit
    ? "what is buffered is uploaded first; the same command goes on where this one ends"
    : "nothing is lost, what is not uploaded stays in the working directory; the same command takes it up and goes on"

export const work = (settings: LongSettings<Flags>) =>
  shareWork(settings.own.workers, {
    member: member(settings),
    prepare: (workers) => bringIn(settings, settings.own, workers),
    supervise: (workers) =>
      Effect.provide(
        supervise(workers, finished),
        supervisorLive(settings, workers, { flushPort: flushPortOf(settings.own) })
      )
  }).pipe(showProgress(settings.operations, { steps: "offsets", doing: "read" }))
