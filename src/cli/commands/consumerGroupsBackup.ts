/** `consumer-groups-backup`: keeps what all consumer groups have committed in the archive. */
import { defineCommand } from "../CommandSpec.ts"
import { boolean, duration } from "../FlagKinds.ts"
import { locationFlag, locationProblems } from "../StoreFlags.ts"

export const consumerGroupsBackupFlags = {
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
  consumerGroupsBackupFlags,
  () => import("../work/consumerGroupsBackup.ts"),
  locationProblems
)
