/** `topics-restore`: follows a plan and puts the records of its archive files back. */
import { choiceFlags, choiceProblems, maxBytesPerSecondFlag } from "../ChoiceFlags.ts"
import { defineLongCommand } from "../CommandSpec.ts"
import { boolean, choice, duration, name, text } from "../FlagKinds.ts"
import { excludeRegexes } from "../RegexFlags.ts"
import { targetFlags, targetProblems } from "../TargetFlags.ts"
import { workersFlag } from "../WorkersFlag.ts"

export const topicsRestoreFlags = {
  planTopic: name(
    [
      "plan-topic",
      "KAFKA_PLAN_TOPIC",
      "pubsub.plan-topic-restore",
      "Topic that topics-plan-restore has written the plan to"
    ],
    "topic"
  ),
  topicPrefix: text(
    [
      "restore-topic-prefix",
      "KAFKA_RESTORE_TOPIC_PREFIX",
      "pubsub.restore-test.",
      "What to put in front of the names of restored topics, as for a rehearsal; '' restores under their own names"
    ],
    "prefix"
  ),
  excludeTopicsRegexes: excludeRegexes([
    "exclude-topics-regexes",
    "EXCLUDE_TOPICS_REGEXES",
    "",
    "Topics of the plan, by their source names, to leave out; for this group they then count as done"
  ]),
  ...choiceFlags,
  ...targetFlags,
  groupId: name([
    "group-id",
    "KAFKA_GROUP_ID",
    "pubsub.msk-data-keep-restore",
    "Consumer group whose members share the plan; its offsets say what is done"
  ]),
  failOnExistingData: boolean([
    "fail-on-existing-data",
    "FAIL_ON_EXISTING_DATA",
    "true",
    "Refuse a target partition whose last record no restore wrote; false continues after its last restored record"
  ]),
  compressionType: choice(
    [
      "compression-type",
      "COMPRESSION_TYPE",
      "zstd",
      "Compression of the restored batches: none, gzip, snappy, lz4 or zstd"
    ],
    ["none", "gzip", "snappy", "lz4", "zstd"],
    "codec"
  ),
  maxBytesPerSecond: maxBytesPerSecondFlag,
  consumeDelay: duration([
    "consume-delay",
    "CONSUME_DELAY",
    "0s",
    "Time to wait before the first record of the plan is read"
  ]),
  workers: workersFlag(
    "Each has about the memory of a process with one, and connections to Kafka and the store; more than the plan has partitions are idle"
  ),
  once: boolean([
    "once",
    "ONCE",
    "false",
    "Restore what is planned now and exit, in place of trying failed partitions again and waiting for more"
  ])
}

export const topicsRestore = defineLongCommand(
  {
    name: "topics-restore",
    summary: "put planned topics back, record by record",
    details: [
      "Follows the plan and produces every record to the partition that it came from, in its order, each once however often it is stopped and started. The target topics must exist with at least as many partitions, or -create-topics makes them.",
      "Run several with the same -group-id to share the plan, at most as many as it has partitions. A partition that cannot be restored is named, and the others go on."
    ],
    example:
      "kafka-data-keep topics-restore -brokers kafka:9092 -plan-topic restore-plan \\\n    -restore-topic-prefix '' -s3-bucket my-backups -once"
  },
  topicsRestoreFlags,
  () => import("../work/topicsRestore.ts"),
  (values) => [...choiceProblems(values), ...targetProblems(values)]
)
