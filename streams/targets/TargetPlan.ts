/** What each target topic is to be, from what its source was. Pure. */
import type { NewTopic } from "../../services/KafkaAdmin.ts"
import type { TopicDefinition } from "../../src/domain/TopicDefinition.ts"

export interface WantedTarget {
  /** Name in the archive. */
  readonly source: string
  /** Name where it is restored to. */
  readonly target: string
  /** The restore writes to partitions below this. */
  readonly leastPartitions: number
}

export const timestampType = "message.timestamp.type"

/** No timestamp is too old or too new for a topic with these. */
export const anyTimestamp = {
  "message.timestamp.before.max.ms": "9223372036854775807",
  "message.timestamp.after.max.ms": "9223372036854775807"
}

/** Refused by Kafka 4, which has no such configs, or true of the brokers of the source alone. */
const notCarriedOver = new Set([
  "message.format.version",
  "message.timestamp.difference.max.ms",
  "leader.replication.throttled.replicas",
  "follower.replication.throttled.replicas"
])

const carriedOver = (configs: Readonly<Record<string, string>> | null) =>
  Object.fromEntries(Object.entries(configs ?? {}).filter(([name]) => !notCarriedOver.has(name)))

export interface PlannedTopic {
  readonly topic: NewTopic
  /** The same for a broker that does not know all configs of `topic`. */
  readonly plainer: NewTopic
  /** One sentence for each thing that was assumed or changed. */
  readonly warnings: ReadonlyArray<string>
}

const withoutLimits = (configs: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(configs).filter(([name]) => !(name in anyTimestamp)))

/**
 * The topic to create. `overrides`: configs that come before those of the definition. Timestamps
 * are taken as the records have them, unless the overrides say otherwise.
 */
export const planTopic = (
  { leastPartitions, source, target }: WantedTarget,
  definition: TopicDefinition | undefined,
  overrides: Readonly<Record<string, string>>,
  brokers: number
): PlannedTopic => {
  const partitions = Math.max(definition?.partitions ?? 0, leastPartitions)
  const wanted = definition?.replicationFactor ?? -1
  const replicationFactor = Math.min(wanted, brokers)
  const own = carriedOver(definition?.configs ?? null)
  const configs = {
    ...own,
    ...(own[timestampType] === undefined ? {} : { [timestampType]: "CreateTime" }),
    ...anyTimestamp,
    ...overrides
  }
  const topic = { topic: target, partitions, replicationFactor, configs }
  const warnings: Array<string> = []
  if (definition === undefined) {
    warnings.push(
      `the archive has no definition of ${source}: ${target} gets ${partitions} partitions and the brokers' defaults`
    )
  } else if (definition.configs === null) {
    warnings.push(`the archive has no configs of ${source}: ${target} gets the brokers' defaults`)
  }
  if (replicationFactor < wanted) {
    warnings.push(
      `${source} had replication factor ${wanted}: ${target} gets ${replicationFactor}, there are no more brokers`
    )
  }
  const plainer = { ...topic, configs: { ...withoutLimits(configs), ...overrides } }
  return { topic, plainer, warnings }
}

/** Configs in which a topic differs from the definition, as `name=value (was value)`. */
export const differences = (
  definition: TopicDefinition,
  actual: Readonly<Record<string, string>>
): ReadonlyArray<string> => {
  if (definition.configs === null) return []
  const configs = carriedOver(definition.configs)
  const names = new Set([...Object.keys(configs), ...Object.keys(actual)])
  const shown = (value: string | undefined) => value ?? "default"
  return [...names].filter((name) => configs[name] !== actual[name] && !(name in anyTimestamp))
    .sort()
    .map((name) => `${name}=${shown(actual[name])} (was ${shown(configs[name])})`)
}
