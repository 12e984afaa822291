/** Every metric of the program, each defined once. Update them per batch or file, never per record. */
import { Duration, Effect, Metric, MetricBoundaries } from "effect"

/** What every name begins with; the metrics endpoint shows nothing else. */
export const metricPrefix = "kafka_data_keep_"

const counter = (name: string, description: string): Metric.Metric.Counter<number> =>
  Metric.counter(`${metricPrefix}${name}`, { description, incremental: true })

const gauge = (name: string, description: string): Metric.Metric.Gauge<number> =>
  Metric.gauge(`${metricPrefix}${name}`, { description })

/**
 * The metric with values for its labels. Each combination is made once and kept, because making
 * one costs several times as much as updating it.
 */
const labelled = <Type, In, Out, const Labels extends ReadonlyArray<string>>(
  metric: Metric.Metric<Type, In, Out>,
  labels: Labels
) => {
  const known = new Map<string, Metric.Metric<Type, In, Out>>()
  return (
    ...values: { readonly [K in keyof Labels]: string | number }
  ): Metric.Metric<Type, In, Out> => {
    const id = values.join("\u0000")
    const found = known.get(id)
    if (found !== undefined) return found
    const made = labels.reduce(
      (tagged, label, at) => Metric.tagged(tagged, label, String(values[at])),
      metric
    )
    known.set(id, made)
    return made
  }
}

// Backup

/** The RPO of the whole process: the maximum over its topics. */
export const unarchivedSeconds = gauge(
  "unarchived_seconds",
  "Age in seconds of the oldest record read that is not yet in the archive; without a topic label, the maximum over all topics"
)
/** The RPO of one topic; 0 when all that was read is in the archive. */
export const topicUnarchivedSeconds = labelled(unarchivedSeconds, ["topic"])

export const fetchedBytes = counter(
  "fetched_bytes_total",
  "Bytes of record batches fetched from Kafka, as on the wire"
)
export const bufferedRecords = labelled(
  counter("buffered_records_total", "Records written to the disk buffer"),
  ["topic"]
)
export const bufferedRecordBytes = labelled(
  counter(
    "buffered_record_bytes_total",
    "Uncompressed bytes of the records written to the disk buffer"
  ),
  ["topic"]
)
export const bufferBytes = gauge("buffer_bytes", "Bytes of the archive files in the disk buffer")
export const bufferFiles = gauge("buffer_files", "Archive files in the disk buffer")

export const archivedRecords = labelled(
  counter("archived_records_total", "Records in archive files made durable in the object store"),
  ["topic"]
)
export const archivedBytes = labelled(
  counter("archived_bytes_total", "Bytes of archive files made durable in the object store"),
  ["topic"]
)
export const archivedFiles = labelled(
  counter("archived_files_total", "Archive files made durable in the object store"),
  ["topic"]
)
export const uploads = counter(
  "uploads_total",
  "Uploads of archive files begun, repetitions included"
)
export const uploadFailures = labelled(
  counter("upload_failures_total", "Uploads of archive files that failed, by reason"),
  ["reason"]
)
export const uploadSeconds = Metric.histogram(
  `${metricPrefix}upload_duration_seconds`,
  MetricBoundaries.fromIterable([0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]),
  "Seconds from the start of an upload to its answer"
)
export const commits = counter("commits_total", "Commits of the backup's consumer group")
export const commitFailures = counter(
  "commit_failures_total",
  "Commits of the backup's consumer group that failed"
)
export const gapOffsets = labelled(
  counter(
    "gap_offsets_total",
    "Offsets without a record in archive files, by reason: compacted, control, aborted, deleted, unknown"
  ),
  ["topic", "reason"]
)
export const refetchedRecords = labelled(
  counter(
    "refetched_records_total",
    "Records fetched again because the committed offset was ahead of the archive"
  ),
  ["topic"]
)
export const openTransactionLag = labelled(
  gauge(
    "open_transaction_lag_offsets",
    "Offsets between the last stable offset and the end of the log, summed over the topic's partitions: not readable until their transactions end"
  ),
  ["topic"]
)
export const backupPartitions = gauge(
  "backup_partitions",
  "Partitions being copied; those still being opened, and those that failed, do not count"
)
export const backupFailedPartitions = gauge(
  "backup_failed_partitions",
  "Partitions that the backup has stopped copying after a failure"
)
/** The original's name. */
export const unexpectedLeftoverFiles = counter(
  "unexpected_leftover_files_total",
  "Buffer files found at start or on assignment that do not continue the archive, or were left by another program"
)

// Plan and restore: labels topics_sha, topic and partition as the original has them

export const planPartitionTotalFiles = labelled(
  gauge("plan_restore_partition_total_files", "Archive files planned for the partition"),
  ["topics_sha", "topic", "partition"]
)
export const planTopicProgress = labelled(
  gauge(
    "plan_restore_topic_progress",
    "Whether the topic is planned: 0 not yet, 1 planned now or by an earlier run"
  ),
  ["topics_sha", "topic"]
)
export const restorePartitionFileIndex = labelled(
  gauge(
    "restore_partition_file_index",
    "Index in the plan, from 1, of the partition's archive file being restored"
  ),
  ["topics_sha", "topic", "partition"]
)
export const restoredRecords = labelled(
  counter("restored_records_total", "Records produced and acknowledged, by target topic"),
  ["topic"]
)
export const restoredBytes = labelled(
  counter(
    "restored_bytes_total",
    "Bytes of record batches produced and acknowledged, by target topic"
  ),
  ["topic"]
)
export const restoredFiles = labelled(
  counter("restored_files_total", "Archive files restored whole, by target topic"),
  ["topic"]
)
export const restoreFailedPartitions = gauge(
  "restore_failed_partitions",
  "Partitions whose restore is stopped by a failure"
)

// Consumer groups

export const groupsBackedUp = gauge(
  "consumergroups_backup_groups",
  "Consumer groups in the last snapshot taken"
)
export const groupPositionsBackedUp = gauge(
  "consumergroups_backup_partitions",
  "Positions (group, topic, partition) in the last snapshot taken"
)
export const groupsFailed = gauge(
  "consumergroups_backup_failed_groups",
  "Consumer groups whose positions the last run could not read, known ones of a coordinator that is away included"
)
export const groupsBackupSeconds = gauge(
  "consumergroups_backup_duration_seconds",
  "Seconds that the last run took"
)
/** Counts on between two runs. */
export const groupsSnapshotAge = gauge(
  "consumergroups_backup_last_good_age_seconds",
  "Age in seconds of the newest complete snapshot in the main object; grows while runs fail or are held back"
)
/** `reason` is `empty`, `shrunk`, `other_cluster` or `incomplete`. */
export const groupSnapshotsHeld = labelled(
  counter(
    "consumergroups_backup_held_total",
    "Snapshots that the guard kept from replacing the main object, or that were incomplete, by reason: empty, shrunk, other_cluster, incomplete"
  ),
  ["reason"]
)
export const groupHistoryFailures = counter(
  "consumergroups_backup_history_failures_total",
  "Snapshots that could not be kept in the history, and old ones that could not be removed"
)
/** The original's name and values; `clamped` counts as restored, `failed` as in progress. */
export const groupsRestoreStatus = labelled(
  gauge(
    "consumergroups_restore_status",
    "Restore status of a consumer group's topic: 0 scheduled, 1 in progress, 2 skipped, 3 already restored, 4 restored"
  ),
  ["group", "topic"]
)
export const searchFetches = counter(
  "consumergroups_restore_fetches_total",
  "Fetch requests sent to find positions in restored partitions"
)
export const searchBytes = counter(
  "consumergroups_restore_fetched_bytes_total",
  "Bytes of record batches fetched to find positions in restored partitions"
)

// Kafka

/** `request` is `fetch` or `produce`. */
export const kafkaThrottleSeconds = labelled(
  counter(
    "kafka_throttle_seconds_total",
    "Seconds for which brokers throttled this client, by request"
  ),
  ["request"]
)

/** For how long brokers have throttled this process so far. */
export const throttledMs: Effect.Effect<number> = Effect.map(
  Effect.all([
    Metric.value(kafkaThrottleSeconds("fetch")),
    Metric.value(kafkaThrottleSeconds("produce"))
  ]),
  ([fetched, produced]) => Math.round((fetched.count + produced.count) * 1000)
)

/** Records how long the effect took, in seconds, whether it succeeds or fails. */
export const timed =
  <Type, Out>(histogram: Metric.Metric<Type, number, Out>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.clock, (clock) =>
      Effect.suspend(() => {
        const start = clock.unsafeCurrentTimeNanos()
        return Effect.ensuring(
          effect,
          Effect.suspend(() => {
            const elapsed = Duration.nanos(clock.unsafeCurrentTimeNanos() - start)
            return Metric.update(histogram, Duration.toSeconds(elapsed))
          })
        )
      }))

const unlabelled = [
  uploads,
  commits,
  commitFailures,
  unexpectedLeftoverFiles,
  fetchedBytes,
  groupHistoryFailures
]

/** Shows counters without labels as 0 from the start, so that a first increase is seen as one. */
export const showAtZero: Effect.Effect<void> = Effect.forEach(
  unlabelled,
  (metric) => Metric.incrementBy(metric, 0),
  { discard: true }
)
