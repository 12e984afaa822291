/** `topics-plan-restore`: writes down which archive files are to be restored, in order. */
import { choiceFlags, choiceProblems } from "../ChoiceFlags.ts"
import { defineCommand } from "../CommandSpec.ts"
import { boolean, integer, name } from "../FlagKinds.ts"
import { excludeRegexes, orderedRegexes } from "../RegexFlags.ts"
import { generationFlag, prefixFlag } from "../StoreFlags.ts"

export const topicsPlanRestoreFlags = {
  restoreTopicsRegex: orderedRegexes([
    "restore-topics-regex",
    "RESTORE_TOPICS_REGEX",
    ".*",
    "Topics to restore, in this order: first all that match the first regex"
  ]),
  excludeTopicsRegex: excludeRegexes([
    "exclude-topics-regex",
    "EXCLUDE_TOPICS_REGEX",
    "",
    "Topics to leave out although they match"
  ]),
  prefix: prefixFlag("msk-backup"),
  planTopic: name(
    ["plan-topic", "PLAN_TOPIC", "pubsub.plan-topic-restore", "Topic that the plan is written to"],
    "topic"
  ),
  planTopicPartitions: integer(
    [
      "plan-topic-partitions",
      "PLAN_TOPIC_PARTITIONS",
      "0",
      "Create the plan topic, if it is missing, with so many partitions: as many topics-restore can share the work; 0 to not create it"
    ],
    { min: 0, max: 100_000 }
  ),
  processLargeTopicsLast: boolean([
    "process-large-topics-last",
    "PROCESS_LARGE_TOPICS_LAST",
    "false",
    "Plan large topics after all others"
  ]),
  largeTopicThresholdMb: integer(
    [
      "large-topic-threshold-mb",
      "LARGE_TOPIC_THRESHOLD_MB",
      "92160",
      "Size in MiB of its archive files above which a topic is large (92160 is 90 GiB)"
    ],
    { min: 0, max: Number.MAX_SAFE_INTEGER, placeholder: "MiB" }
  ),
  generation: generationFlag,
  ...choiceFlags,
  dryRun: boolean([
    "dry-run",
    "DRY_RUN",
    "false",
    "Print the plan on stdout, one file per line (topic, partition, index, key), from the archive alone: Kafka is not asked"
  ]),
  once: boolean([
    "once",
    "ONCE",
    "false",
    "Exit when the plan is complete, in place of serving its metrics until stopped"
  ])
}

export const topicsPlanRestore = defineCommand(
  {
    name: "topics-plan-restore",
    summary: "write down what to restore, and in which order",
    details: [
      "Writes one record per archive file of the chosen topics to the plan topic, for topics-restore to follow. Repeated or resumed, it plans each file once.",
      "Topics are planned in the order of the regexes, and by name within one regex."
    ],
    example:
      "kafka-data-keep topics-plan-restore -brokers kafka:9092 \\\n    -restore-topics-regex '^payments,^orders' -plan-topic restore-plan -plan-topic-partitions 12 \\\n    -s3-bucket my-backups -s3-prefix topics -once"
  },
  topicsPlanRestoreFlags,
  () => import("../work/topicsPlanRestore.ts"),
  choiceProblems
)
