/** The programs that the benchmark compares, with their arguments. */
import path from "node:path"
import { s3Environment } from "../stack/S3Gateway.ts"
import type { Addresses } from "../stack/Stack.ts"
import { jdk } from "../stack/Tool.ts"
import type { Program } from "./Launch.ts"
import { probeFlags } from "./Measure.ts"

export interface RunPlan {
  readonly addresses: Addresses
  readonly topic: string
  readonly records: number
  readonly payloadFile: string
  /** A new directory for everything that a run writes to disk. */
  readonly directory: string
  /** Directory for processor profiles of our own commands, or undefined. */
  readonly profiles: string | undefined
}

/** Our program as users start it. */
export const bundle = path.resolve(import.meta.dirname, "../../dist/kafka-data-keep.mjs")

/** The heap that Kafka's own start scripts give to these tools. */
const javaTool = ({ addresses }: RunPlan, name: string, args: ReadonlyArray<string>): Program => ({
  name,
  command: jdk("java"),
  args: [
    "-Xmx512m",
    "-cp",
    path.join(addresses.libs, "*"),
    `org.apache.kafka.tools.${name}`,
    ...args
  ]
})

export const producerPerformance = (plan: RunPlan, batchBytes = 1_048_576): Program =>
  javaTool(plan, "ProducerPerformance", [
    "--topic",
    plan.topic,
    "--num-records",
    String(plan.records),
    "--throughput",
    "-1",
    "--payload-file",
    plan.payloadFile,
    "--producer-props",
    `bootstrap.servers=${plan.addresses.brokers}`,
    "compression.type=lz4",
    `batch.size=${batchBytes}`
  ])

export const consumerPerformance = (plan: RunPlan): Program =>
  javaTool(plan, "ConsumerPerformance", [
    "--bootstrap-server",
    plan.addresses.brokers,
    "--topic",
    plan.topic,
    "--messages",
    String(plan.records),
    "--group",
    `${plan.topic}-perf`
  ])

interface OwnOptions {
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** What sets it apart from other runs of the command with the same plan. */
  readonly variant?: string
  /** Of the archive, and of the groups; default the topic. */
  readonly prefix?: string
  /** Until it is stopped. */
  readonly endless?: boolean
  /** Of the commands that know no other way than to end. */
  readonly endsAlways?: boolean
  readonly metricsPort?: number
}

const ours = (plan: RunPlan, options: OwnOptions): Program => {
  const { brokers, s3 } = plan.addresses
  const { args, command, metricsPort = 0, prefix = plan.topic } = options
  const once = options.endless === true || options.endsAlways === true ? [] : ["--once"]
  const name = options.variant === undefined ? command : `${command} ${options.variant}`
  const profiling = plan.profiles === undefined
    ? []
    : [
      "--cpu-prof",
      "--cpu-prof-dir",
      path.join(plan.profiles, `${plan.topic} ${name}`.replaceAll(" ", "-"))
    ]
  return {
    name,
    command: process.execPath,
    args: [...probeFlags, ...profiling, bundle, command, ...once, ...args],
    env: {
      KAFKA_BROKERS: brokers,
      ...s3Environment(s3),
      S3_PREFIX: prefix,
      METRICS_PORT: String(metricsPort),
      LOG_LEVEL: "WARN",
      BENCH_GC_FILE: path.join(plan.directory, "gc")
    }
  }
}

export interface BackupChoice extends Pick<OwnOptions, "prefix" | "endless" | "metricsPort"> {
  /** Default the plan's topic. */
  readonly topics?: string
  /** Bytes; default 64 MB. */
  readonly minFileSize?: number
  readonly groupId?: string
  readonly workers?: number
}

const workersFlag = (workers: number | undefined): ReadonlyArray<string> =>
  workers === undefined ? [] : ["--workers", String(workers)]

export const topicsBackup = (plan: RunPlan, choice: BackupChoice = {}): Program => {
  const { minFileSize = 67_108_864, prefix = plan.topic, topics = `^${plan.topic}$` } = choice
  return ours(plan, {
    ...choice,
    command: "topics-backup",
    args: [
      "--topics-regex",
      topics,
      "--group-id",
      choice.groupId ?? `${prefix}-backup`,
      "--min-file-size",
      String(minFileSize),
      "--working-dir",
      path.join(plan.directory, `buffer-${prefix}`),
      ...workersFlag(choice.workers)
    ]
  })
}

export const topicsPlanRestore = (
  plan: RunPlan,
  prefix = plan.topic,
  planPartitions = 1
): Program =>
  ours(plan, {
    command: "topics-plan-restore",
    prefix,
    args: [
      "--restore-topics-regex",
      `^${plan.topic}$`,
      "--plan-topic",
      `${prefix}-plan`,
      "--plan-topic-partitions",
      String(planPartitions)
    ]
  })

export interface RestoreChoice {
  readonly codec: "lz4" | "zstd"
  /** Of the names of the target topics; empty for the source's own. */
  readonly target: string
  readonly prefix?: string
  readonly workers?: number
  /** Default without a bound. */
  readonly bytesPerSecond?: number
}

export const topicsRestore = (plan: RunPlan, choice: RestoreChoice): Program => {
  const { bytesPerSecond, codec, prefix = plan.topic, target } = choice
  return ours(plan, {
    command: "topics-restore",
    variant: codec,
    prefix,
    args: [
      "--plan-topic",
      `${prefix}-plan`,
      "--group-id",
      `${target}${prefix}-restore`,
      `--restore-topic-prefix=${target}`,
      "--compression-type",
      codec,
      ...(bytesPerSecond === undefined ? [] : [`--max-bytes-per-second=${bytesPerSecond}`]),
      ...workersFlag(choice.workers)
    ]
  })
}

const snapshot = (plan: RunPlan): string => `groups/${plan.topic}.avro`

export const groupsBackup = (plan: RunPlan): Program =>
  ours(plan, { command: "consumer-groups-backup", args: ["--s3-location", snapshot(plan)] })

export const groupsRestore = (plan: RunPlan): Program =>
  ours(plan, {
    command: "consumer-groups-restore",
    args: ["--s3-location", snapshot(plan), "--include-groups-regexes", "^bench-group-"]
  })

export const archiveList = (plan: RunPlan, args: ReadonlyArray<string> = []): Program =>
  ours(plan, { command: "archive-list", endsAlways: true, args })

/** `restored`: in front of the names of topics to compare with; absent: the archive alone. */
export const archiveVerify = (plan: RunPlan, restored?: string): Program =>
  ours(plan, {
    command: "archive-verify",
    endsAlways: true,
    args: [
      `--topic=${plan.topic}`,
      ...(restored === undefined ? [] : [`--restored-prefix=${restored}`])
    ]
  })
