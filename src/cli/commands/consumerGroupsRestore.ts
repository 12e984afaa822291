/** `consumer-groups-restore`: puts the consumer groups where they stood, in the restored topics. */
import { defineCommand } from "../CommandSpec.ts"
import { groupsRestoreFlags, groupsRestoreProblems } from "../GroupsRestoreFlags.ts"

export const consumerGroupsRestore = defineCommand(
  {
    name: "consumer-groups-restore",
    summary: "put consumer groups where they stood, in restored topics",
    details: [
      "Finds for every position of every group in the snapshot the first restored record that the group has not processed, commits it, and reads it back. It goes on until each position has an answer: exact, clamped (by -on-ahead), skipped or failed, with the reason. topics-restore may still run meanwhile.",
      "A position that the group has already in the target is left alone, so that it can be repeated and resumed. So is a group that has live members: it is told, and waits until its consumers are stopped."
    ],
    example:
      "kafka-data-keep consumer-groups-restore -brokers kafka:9092 \\\n    -s3-bucket my-backups -s3-location consumer-groups.avro -s3-prefix topics -dry-run"
  },
  groupsRestoreFlags,
  () => import("../work/consumerGroupsRestore.ts"),
  groupsRestoreProblems
)
