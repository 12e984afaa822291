/** What `topics-backup` does: it copies topics into the archive for as long as it runs. */
import { Effect } from "effect"
import type { ArchivedFile } from "../../../streams/backup/Archived.ts"
import { backupTopics } from "../../../streams/BackupTopics.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import type { topicsBackupFlags } from "../commands/topicsBackup.ts"
import type { Settings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { backupLive } from "../Live.ts"
import { runTelling } from "../Progress.ts"

type Flags = Values<typeof topicsBackupFlags>

/** New topics and partitions are seen within this time. */
const topicRefreshMs = 30_000

const optionsOf = (flags: Flags) => ({
  include: flags.topicsRegex,
  exclude: flags.excludeTopicsRegex,
  groupId: flags.groupId,
  prefix: flags.prefix,
  minFileSize: flags.minFileSize,
  maxFileAgeMs: flags.maxFileAge,
  partitionIdleMs: flags.partitionIdleThreshold,
  maxBufferBytes: flags.maxBufferSize,
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

export const work = (settings: Settings<Flags>) =>
  checkArchive({ prefix: settings.own.prefix, write: true }).pipe(
    Effect.zipRight(
      runTelling(backupTopics(optionsOf(settings.own)), tell, "the backup is complete")
    ),
    Effect.provide(backupLive(settings, {
      workingDir: settings.own.workingDir,
      flushPort: settings.own.enableFlushServer ? settings.own.flushServerPort : undefined
    }))
  )
