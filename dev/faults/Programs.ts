/** The command lines of the programs that the suite runs. */
import path from "node:path"
import { s3Environment } from "../stack/S3Gateway.ts"
import type { Addresses } from "../stack/Stack.ts"
import { firstTopics, latePlanTopic, lateTopics, planTopic, targetPrefix } from "./Topics.ts"

export const prefix = "archive"
export const backupGroup = "backup"
export const restoreGroup = "restore"
const lateRestoreGroup = "restore-late"

export interface Links {
  /** Host:port list of the Kafka proxies. */
  readonly brokers: string
  /** The S3 proxy. */
  readonly endpoint: string
}

export const environment = (
  { s3 }: Addresses,
  { brokers, endpoint }: Links
): Readonly<Record<string, string>> => ({
  KAFKA_BROKERS: brokers,
  ...s3Environment({ ...s3, endpoint }),
  S3_PREFIX: prefix,
  METRICS_PORT: "0",
  LOG_LEVEL: "DEBUG",
  LOG_FORMAT: "json"
})

/** Where replica n keeps what is not yet uploaded. */
export const workingDirectory = (directory: string, name: string): string =>
  path.join(directory, name)

/** Small files and short waits, so that each minute has many uploads and restored files. */
export const backup = (workingDirectory: string): ReadonlyArray<string> => [
  "topics-backup",
  "-topics-regex",
  `${firstTopics},${lateTopics}`,
  "-group-id",
  backupGroup,
  "-working-dir",
  workingDirectory,
  "-min-file-size",
  "60000",
  "-max-file-age",
  "4s",
  "-partition-idle-threshold",
  "1s",
  "-kafka-outage-flush",
  "8s"
]

const planOf = (topics: string, planTopic: string): ReadonlyArray<string> => [
  "topics-plan-restore",
  "-restore-topics-regex",
  topics,
  "-plan-topic",
  planTopic,
  "-once"
]

const restoreOf = (planTopic: string, group: string): ReadonlyArray<string> => [
  "topics-restore",
  "-plan-topic",
  planTopic,
  "-restore-topic-prefix",
  targetPrefix,
  "-group-id",
  group
]

export const plan = planOf(firstTopics, planTopic)
export const restore = restoreOf(planTopic, restoreGroup)

/** For the topics that came later. */
export const latePlan = planOf(lateTopics, latePlanTopic)
export const lateRestore = restoreOf(latePlanTopic, lateRestoreGroup)
