/** The programs that the benchmark compares, with their arguments. */
import path from "node:path"
import { s3Environment } from "../stack/S3Gateway.ts"
import type { Addresses } from "../stack/Stack.ts"
import { jdk } from "../stack/Tool.ts"
import type { Program } from "./Measure.ts"

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

const ours = (plan: RunPlan, command: string, args: ReadonlyArray<string>): Program => {
  const { brokers, s3 } = plan.addresses
  const profiling = plan.profiles === undefined
    ? []
    : ["--cpu-prof", "--cpu-prof-dir", path.join(plan.profiles, command)]
  return {
    name: command,
    command: process.execPath,
    args: [...profiling, "dist/kafka-data-keep.mjs", command, "--once", ...args],
    env: {
      KAFKA_BROKERS: brokers,
      ...s3Environment(s3),
      S3_PREFIX: plan.topic,
      METRICS_PORT: "0",
      LOG_LEVEL: "WARN"
    }
  }
}

export const topicsBackup = (plan: RunPlan): Program =>
  ours(plan, "topics-backup", [
    "--topics-regex",
    `^${plan.topic}$`,
    "--group-id",
    `${plan.topic}-backup`,
    "--min-file-size",
    "67108864",
    "--working-dir",
    path.join(plan.directory, "buffer")
  ])

export const topicsPlanRestore = (plan: RunPlan): Program =>
  ours(plan, "topics-plan-restore", [
    "--restore-topics-regex",
    `^${plan.topic}$`,
    "--plan-topic",
    `${plan.topic}-plan`,
    "--plan-topic-partitions",
    "1"
  ])

export const topicsRestore = (plan: RunPlan): Program =>
  ours(plan, "topics-restore", [
    "--plan-topic",
    `${plan.topic}-plan`,
    "--group-id",
    `${plan.topic}-restore`,
    "--restore-topic-prefix=",
    "--compression-type",
    "lz4"
  ])

const snapshot = (plan: RunPlan): string => `groups/${plan.topic}.avro`

export const groupsBackup = (plan: RunPlan): Program =>
  ours(plan, "consumer-groups-backup", ["--s3-location", snapshot(plan)])

export const groupsRestore = (plan: RunPlan): Program =>
  ours(plan, "consumer-groups-restore", [
    "--s3-location",
    snapshot(plan),
    "--include-groups-regexes",
    "^bench-group-"
  ])
