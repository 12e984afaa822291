/** All commands, in the order in which help and documents show them. */
import type { Array } from "effect"
import { archiveCat } from "./commands/archiveCat.ts"
import { archiveList } from "./commands/archiveList.ts"
import { archiveVerify } from "./commands/archiveVerify.ts"
import { consumerGroupsBackup } from "./commands/consumerGroupsBackup.ts"
import { consumerGroupsRestore } from "./commands/consumerGroupsRestore.ts"
import { restore } from "./commands/restore.ts"
import { topicsBackup } from "./commands/topicsBackup.ts"
import { topicsPlanRestore } from "./commands/topicsPlanRestore.ts"
import { topicsRestore } from "./commands/topicsRestore.ts"
import type { CommandSpec } from "./CommandSpec.ts"

export const program = "kafka-data-keep"

export const summary =
  "disaster recovery for Apache Kafka: topics and groups into an archive, and back"

export const commands: Array.NonEmptyReadonlyArray<CommandSpec> = [
  topicsBackup,
  topicsPlanRestore,
  topicsRestore,
  consumerGroupsBackup,
  consumerGroupsRestore,
  restore,
  archiveList,
  archiveCat,
  archiveVerify
]
