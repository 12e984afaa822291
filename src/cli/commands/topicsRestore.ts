/** `topics-restore`: follows a plan and puts the records of its archive files back. */
import { Data, Effect } from "effect"
import type { RestoredFile, RestoreIncomplete } from "../../../streams/restore/Outcome.ts"
import { restoreTopics } from "../../../streams/RestoreTopics.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import { defineCommand } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { boolean, choice, duration, name, text } from "../FlagKinds.ts"
import { restoreLive } from "../Live.ts"
import { runTelling } from "../Progress.ts"
import { excludeRegexes } from "../RegexFlags.ts"

const own = {
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
  consumeDelay: duration([
    "consume-delay",
    "CONSUME_DELAY",
    "0s",
    "Time to wait before the first record of the plan is read"
  ]),
  once: boolean([
    "once",
    "ONCE",
    "false",
    "Restore what is planned now and exit, in place of trying failed partitions again and waiting for more"
  ])
}

const optionsOf = (flags: Values<typeof own>) => ({
  planTopic: flags.planTopic,
  topicPrefix: flags.topicPrefix,
  groupId: flags.groupId,
  exclude: flags.excludeTopicsRegexes,
  failOnExistingData: flags.failOnExistingData,
  compression: flags.compressionType,
  consumeDelayMs: flags.consumeDelay,
  once: flags.once
})

const tell = ({ bytes, key, partition, records, skipped, topic }: RestoredFile) => ({
  message: skipped ? "archive file was restored already" : "archive file restored",
  fields: { key, topic, partition },
  records,
  bytes
})

class PartitionsNotRestored extends Data.TaggedError("PartitionsNotRestored")<{
  readonly message: string
}> {}

/** A line for each partition that could not be restored. */
const nameEach = ({ failures }: RestoreIncomplete) =>
  Effect.forEach(
    failures,
    ({ file, partition, reason, topic }) =>
      Effect.annotateLogs(Effect.logError("partition not restored"), {
        topic,
        partition,
        error: reason,
        ...(file === undefined ? {} : { file })
      }),
    { discard: true }
  ).pipe(Effect.zipRight(
    new PartitionsNotRestored({
      message: (failures.length === 1
        ? "1 partition could not be restored, named above; "
        : `${failures.length} partitions could not be restored, each named above; `) +
        "repair what is said there and run the same command again, it goes on where it stopped"
    })
  ))

export const topicsRestore = defineCommand(
  {
    name: "topics-restore",
    summary: "put planned topics back, record by record",
    details: [
      "Follows the plan and produces every record to the partition that it came from, in its order, each once however often it is stopped and started. The target topics must exist with at least as many partitions.",
      "Run several with the same -group-id to share the plan, at most as many as it has partitions. A partition that cannot be restored is named, and the others go on."
    ],
    example:
      "kafka-data-keep topics-restore -brokers kafka:9092 -plan-topic restore-plan \\\n    -restore-topic-prefix '' -s3-bucket my-backups -once"
  },
  own,
  (settings) =>
    checkArchive({ prefix: "", write: false }).pipe(
      Effect.zipRight(
        runTelling(restoreTopics(optionsOf(settings.own)), tell, "the restore is complete")
      ),
      Effect.catchTag("RestoreIncomplete", nameEach),
      Effect.provide(restoreLive(settings))
    )
)
