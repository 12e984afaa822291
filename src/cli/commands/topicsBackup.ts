/** `topics-backup`: copies topics into the archive for as long as it runs. */
import { defineLongCommand } from "../CommandSpec.ts"
import { boolean, duration, integer, name, port, text } from "../FlagKinds.ts"
import { excludeRegexes, includeRegexes } from "../RegexFlags.ts"
import { prefixFlag } from "../StoreFlags.ts"
import { workersFlag } from "../WorkersFlag.ts"

/** One upload per file, and no store takes more than 5 GiB in one: this leaves room for the last block. */
const maxFileSize = 4 * 1024 ** 3

export const topicsBackupFlags = {
  topicsRegex: includeRegexes([
    "topics-regex",
    "KAFKA_TOPICS_REGEX",
    ".*",
    "Topics to back up, new ones too as they appear; topics that Kafka marks internal never are"
  ]),
  excludeTopicsRegex: excludeRegexes([
    "exclude-topics-regex",
    "KAFKA_EXCLUDE_TOPICS_REGEX",
    "",
    "Topics to leave out although they match, such as those of a restore"
  ]),
  groupId: name([
    "group-id",
    "KAFKA_GROUP_ID",
    "kafka-data-keep",
    "Consumer group whose members share the partitions"
  ]),
  prefix: prefixFlag(""),
  minFileSize: integer(
    [
      "min-file-size",
      "MIN_FILE_SIZE",
      "5242880",
      "Bytes at which the archive file of a partition is uploaded (5242880 is 5 MiB)"
    ],
    { min: 1, max: maxFileSize, placeholder: "bytes" }
  ),
  maxFileAge: duration([
    "max-file-age",
    "MAX_FILE_AGE",
    "1h",
    "Age at which an archive file is uploaded whatever its size: the bound on what is lost when Kafka and this host are; 0 for no bound"
  ]),
  partitionIdleThreshold: duration(
    [
      "partition-idle-threshold",
      "PARTITION_IDLE_THRESHOLD",
      "5s",
      "Time without records after which a partition gives back its memory and file handle"
    ],
    "positive"
  ),
  workingDir: text(
    [
      "working-dir",
      "WORKING_DIR",
      "kafka-backup-data",
      "Directory of the disk buffer, where archive files grow: one process each, kept across restarts"
    ],
    "directory"
  ),
  maxBufferSize: integer(
    [
      "max-buffer-size",
      "MAX_BUFFER_SIZE",
      "0",
      "Bytes of the disk buffer, all partitions of this process together and an equal part for each worker, from which archive files are uploaded early, the largest first; while the store is away fetching waits there; 0 for no bound"
    ],
    { min: 0, max: Number.MAX_SAFE_INTEGER, placeholder: "bytes" }
  ),
  bufferSync: duration([
    "buffer-sync",
    "BUFFER_SYNC",
    "0s",
    "Time after which what was written to the disk buffer is synced to the disk, against a power failure while Kafka is lost; 0 for only when a partition is idle or the program stops"
  ]),
  compressionLevel: integer(
    [
      "compression-level",
      "COMPRESSION_LEVEL",
      "1",
      "zstd level of archive files: a higher one takes more processor time, and does not make every kind of record smaller"
    ],
    { min: 1, max: 19, placeholder: "level" }
  ),
  workers: workersFlag(
    "Each has about the memory of a process with one, connections to Kafka and the store, and a disk buffer below -working-dir"
  ),
  once: boolean([
    "once",
    "ONCE",
    "false",
    "Copy what is in the topics now, upload and commit all of it, and exit"
  ]),
  flushOnExit: boolean([
    "flush-on-exit",
    "FLUSH_ON_EXIT",
    "false",
    "Upload what is buffered when stopped, however long that takes, in place of keeping it for the next start"
  ]),
  kafkaOutageFlush: duration([
    "kafka-outage-flush",
    "KAFKA_OUTAGE_FLUSH",
    "5m",
    "Time without an answer from Kafka after which what is buffered is uploaded; 0 for never"
  ]),
  consumeDelay: duration([
    "consume-delay",
    "CONSUME_DELAY",
    "0s",
    "Time between two fetches from a broker, for fewer and larger ones"
  ]),
  enableFlushServer: boolean([
    "enable-flush-server",
    "ENABLE_FLUSH_SERVER",
    "false",
    "Take flush requests over HTTP: POST to /__/flush on 127.0.0.1"
  ]),
  flushServerPort: port([
    "flush-server-port",
    "FLUSH_SERVER_PORT",
    "8082",
    "Port of the flush requests; 0 takes any free one"
  ])
}

export const topicsBackup = defineLongCommand(
  {
    name: "topics-backup",
    summary: "copy topics into the archive, continuously",
    details: [
      "Copies every record of the chosen topics into archive files and keeps up with them until it is stopped. Run several with the same -group-id to share the work; a stopped one continues where it stood.",
      "SIGUSR1, or a POST to the flush server, uploads at once what is buffered. SIGTERM and SIGINT stop it within seconds and keep the buffer for the next start."
    ],
    example:
      "kafka-data-keep topics-backup -brokers kafka:9092 -topics-regex '^orders' \\\n    -s3-bucket my-backups -s3-prefix topics"
  },
  topicsBackupFlags,
  () => import("../work/topicsBackup.ts")
)
