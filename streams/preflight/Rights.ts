/** What a restore needs to be allowed, and what of it is not: pure rules. */
import type { Rights } from "../../services/KafkaAdmin.ts"
import type { AclOperation } from "../../src/codec/kafka/AclOperations.ts"
import type { Obstacle } from "./Preflight.ts"

const grant = (operations: ReadonlyArray<string>, resource: string): string => {
  const named = operations.map((operation) => `--operation ${operation}`).join(" ")
  return `kafka-acls.sh --add --allow-principal User:… ${named} ${resource}`
}

const obstacle = (
  topic: string,
  operations: ReadonlyArray<AclOperation>,
  resource: string
): Obstacle => ({
  kind: "rights",
  topic,
  problem: `${operations.join(", ")} ${operations.length === 1 ? "is" : "are"} not allowed`,
  remedy: grant(operations, resource)
})

export interface TopicNeeds {
  readonly topic: string
  /** Is to be created. */
  readonly create: boolean
  /** Its retention is to be looked at. */
  readonly describe: boolean
  /** Its retention is to be raised. */
  readonly alter: boolean
}

/** Where the brokers tell nothing, nothing is missing. */
export const topicRightsMissing = (
  { alter, create, describe, topic }: TopicNeeds,
  { cluster, topics }: Rights
): ReadonlyArray<Obstacle> => {
  const allowed = topics.get(topic)
  if (allowed === undefined) return []
  const needed: Array<AclOperation> = ["Read", "Write"]
  if (describe) needed.push("DescribeConfigs")
  if (alter) needed.push("AlterConfigs")
  // Who may not describe the cluster is not told whether topics may be created in all of it.
  if (create && cluster !== undefined && !cluster.has("Create")) needed.push("Create")
  const missing = needed.filter((operation) => !allowed.has(operation))
  return missing.length === 0 ? [] : [obstacle(topic, missing, `--topic ${topic}`)]
}

/** To commit a position and to read it back. */
export const groupRightsMissing = (group: string, { groups }: Rights): ReadonlyArray<Obstacle> => {
  const allowed = groups.get(group)
  return allowed === undefined || allowed.has("Read")
    ? []
    : [obstacle(`group ${group}`, ["Read"], `--group ${group}`)]
}
