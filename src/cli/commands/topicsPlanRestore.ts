/** `topics-plan-restore`: writes down which archive files are to be restored, in order. */
import { Either } from "effect"
import type { GenerationChoice } from "../../domain/Settings.ts"
import { defineCommand } from "../CommandSpec.ts"
import type { FlagText } from "../FlagKinds.ts"
import { boolean, custom, integer, name } from "../FlagKinds.ts"
import { excludeRegexes, orderedRegexes } from "../RegexFlags.ts"
import { prefixFlag } from "../StoreFlags.ts"

/** A topic id as Kafka's tools print it: 22 characters of base64url. */
const topicIdForm = /^[\w-]{22}$/

const generation = (flag: FlagText) =>
  custom<GenerationChoice>(flag, "generation", (value) =>
    value === "newest" || value === "first"
      ? Either.right(value)
      : topicIdForm.test(value)
      ? Either.right({ topicId: value })
      : Either.left("newest, first, or a topic id of 22 characters"))

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
  generation: generation([
    "generation",
    "GENERATION",
    "newest",
    "Which life of a topic that was deleted and recreated: newest, first (what lies under the prefix itself), or a topic id"
  ]),
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
  () => import("../work/topicsPlanRestore.ts")
)
