/** `consumer-groups-backup`: keeps what all consumer groups have committed in the archive. */
import { Effect, Stream } from "effect"
import { ObjectStore } from "../../../services/ObjectStore.ts"
import { backupGroups } from "../../../streams/BackupGroups.ts"
import type { SnapshotRun } from "../../../streams/snapshot/SnapshotRun.ts"
import { historyFolder } from "../../domain/HistoryKey.ts"
import { probeName, unlessBusy } from "../ArchiveCheck.ts"
import { defineCommand } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { boolean, duration } from "../FlagKinds.ts"
import { groupsLive } from "../Live.ts"
import { locationFlag, locationProblems } from "../StoreFlags.ts"

const own = {
  location: locationFlag(
    "Key of the snapshot, replaced each time; older ones are kept beside it, under <key>.history/. Must be given"
  ),
  runInterval: duration(
    ["run-interval", "RUN_INTERVAL", "1m", "Time from the start of one snapshot to the next"],
    "positive"
  ),
  historyInterval: duration([
    "history-interval",
    "HISTORY_INTERVAL",
    "15m",
    "Time between two snapshots that are kept; 0 keeps none, and then no right to list, read or remove is needed"
  ]),
  historyMaxAge: duration(
    [
      "history-max-age",
      "HISTORY_MAX_AGE",
      "168h",
      "Age at which a kept snapshot is removed, but never the newest good one (168h is 7 days)"
    ],
    "positive"
  ),
  shrinkHold: duration([
    "shrink-hold",
    "SHRINK_HOLD",
    "1h",
    "Time for which a snapshot that is empty, or has fewer than half of the positions, must stay so before it replaces the one before; 0 for none"
  ]),
  allowOtherCluster: boolean([
    "allow-other-cluster",
    "ALLOW_OTHER_CLUSTER",
    "false",
    "Replace the snapshot of another cluster too"
  ]),
  once: boolean([
    "once",
    "ONCE",
    "false",
    "Take one snapshot and exit: with 1 when it was incomplete or may not replace the one before"
  ])
}

const optionsOf = (flags: Values<typeof own>) => ({
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

export const consumerGroupsBackup = defineCommand(
  {
    name: "consumer-groups-backup",
    summary: "keep the positions of all consumer groups, continuously",
    details: [
      "Takes a snapshot of what every consumer group has committed, at once and then at each interval, and replaces the object at -s3-location by it. Share groups have no such positions and are skipped. Positions in partitions without any data are in the kept snapshots only.",
      "A snapshot that is empty, has lost more than half of the positions, or is of another cluster does not replace a good one at once: a warning says why and until when. Groups that cannot be read keep the positions of the snapshot before, and a warning names them."
    ],
    example:
      "kafka-data-keep consumer-groups-backup -brokers kafka:9092 \\\n    -s3-bucket my-backups -s3-location consumer-groups.avro"
  },
  own,
  (settings) => {
    const { historyInterval, location } = settings.own
    return checkStore(location, historyInterval > 0 || settings.store.kind === "directory").pipe(
      Effect.zipRight(Stream.runForEach(backupGroups(optionsOf(settings.own)), tell)),
      Effect.provide(groupsLive(settings))
    )
  },
  locationProblems
)
