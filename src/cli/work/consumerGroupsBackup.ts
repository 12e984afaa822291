/** What `consumer-groups-backup` does: it keeps what all consumer groups have committed. */
import { Effect, Stream } from "effect"
import { ObjectStore } from "../../../services/ObjectStore.ts"
import { backupGroups } from "../../../streams/BackupGroups.ts"
import type { SnapshotRun } from "../../../streams/snapshot/SnapshotRun.ts"
import { historyFolder } from "../../domain/HistoryKey.ts"
import { probeName, unlessBusy } from "../ArchiveCheck.ts"
import type { consumerGroupsBackupFlags } from "../commands/consumerGroupsBackup.ts"
import type { Settings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { groupsLive } from "../Live.ts"

type Flags = Values<typeof consumerGroupsBackupFlags>

const optionsOf = (flags: Flags) => ({
  location: flags.location,
  runIntervalMs: flags.runInterval,
  historyIntervalMs: flags.historyInterval,
  historyMaxAgeMs: flags.historyMaxAge,
  shrinkHoldMs: flags.shrinkHold,
  allowOtherCluster: flags.allowOtherCluster,
  once: flags.once
})

/**
 * Keeping snapshots needs conditional writes, which are tried out, and a directory may have to be
 * made. Credentials that may only write are enough: a refusal to do more is no failure.
 */
const checkStore = (location: string, write: boolean) =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const probeKey = `${historyFolder(location)}probe-${yield* probeName}`
    yield* unlessBusy(store.check({ write, probeKey })).pipe(
      Effect.catchIf((error) => error.reason === "Denied", (error) =>
        Effect.logWarning("may not look into the archive: writing to it all the same").pipe(
          Effect.annotateLogs({ error: error.message })
        ))
    )
    yield* Effect.annotateLogs(Effect.logInfo("archive found"), { archive: store.name, location })
  })

const messages: Readonly<Record<SnapshotRun["outcome"], string>> = {
  replaced: "snapshot stored",
  held: "snapshot not stored at the location, which keeps the one before",
  refused: "snapshot not stored"
}

const tell = (run: SnapshotRun) =>
  Effect.annotateLogs(Effect.logInfo(messages[run.outcome]), {
    groups: run.groups,
    positions: run.positions,
    positions_without_data: run.positionsWithoutData,
    share_groups: run.skippedShareGroups,
    failed_groups: run.failedGroups,
    ms: run.durationMs,
    ...(run.historyKey === undefined ? {} : { history: run.historyKey })
  })

export const whenStopped = (): string =>
  "the last snapshot stays; the same command goes on with the next"

export const work = (settings: Settings<Flags>) => {
  const { historyInterval, location } = settings.own
  return checkStore(location, historyInterval > 0 || settings.store.kind === "directory").pipe(
    Effect.zipRight(Stream.runForEach(backupGroups(optionsOf(settings.own)), tell)),
    Effect.provide(groupsLive(settings))
  )
}
