/** Whose groups a listing holds: each partition of the offsets topic needs a broker that serves it. */
import type { DescribedGroup } from "../../src/codec/kafka/DescribeGroups.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import type { ClusterMetadata, PartitionMetadata } from "../Kafka.ts"

/** The leader of the partition that a group's id hashes to coordinates the group. */
export const offsetsTopic = "__consumer_offsets"

/** They are said of a group whose partition the broker does not serve, or not yet. */
const notServed: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "COORDINATOR_LOAD_IN_PROGRESS",
  "COORDINATOR_NOT_AVAILABLE",
  "NOT_COORDINATOR"
])

/** Java's String.hashCode without its sign, by partition (Kafka: GroupCoordinator.partitionFor). */
export const partitionFor = (groupId: string, partitions: number): number => {
  let hash = 0
  for (let i = 0; i < groupId.length; i++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(i)) | 0
  return hash === -2_147_483_648 ? 0 : Math.abs(hash) % partitions
}

/** Tries to find a name for each partition; with some numbers of partitions a few stay without. */
const triesPerPartition = 100

/**
 * Names of groups that nobody uses, one for each partition. A broker that has taken over a
 * partition says so of such a group before it lists the groups there, and one that has given a
 * partition away leaves its groups out of the list without an error.
 */
export class CoordinatorProbes {
  readonly names: ReadonlyArray<string>
  readonly #byName = new Map<string, number>()
  readonly #partitions: ReadonlyArray<PartitionMetadata>
  readonly #served = new Set<number>()

  constructor({ topics }: Pick<ClusterMetadata, "topics">) {
    this.#partitions = topics.find(({ topic }) => topic === offsetsTopic)?.partitions ?? []
    const { length } = this.#partitions
    const found = new Map<number, string>()
    for (let i = 0; i < length * triesPerPartition && found.size < length; i++) {
      const name = `kafka-data-keep.probe-${i}`
      const partition = partitionFor(name, length)
      if (!found.has(partition)) found.set(partition, name)
    }
    for (const [partition, name] of found) this.#byName.set(name, partition)
    this.names = [...found.values()]
  }

  /** What the broker said of the names directly before and directly after its list. */
  answered(
    broker: number,
    before: ReadonlyArray<DescribedGroup>,
    after: ReadonlyArray<DescribedGroup>
  ): void {
    const unserved = new Set<number>()
    const unknown = new Set(this.#partitions.map(({ partition }) => partition))
    for (const { error, groupId } of [...before, ...after]) {
      const partition = this.#byName.get(groupId)
      // Who may not describe the name is told that, whoever coordinates it.
      if (partition === undefined || error === "GROUP_AUTHORIZATION_FAILED") continue
      unknown.delete(partition)
      if (error !== undefined && notServed.has(error)) unserved.add(partition)
    }
    for (const { leader, partition } of this.#partitions) {
      const serves = unknown.has(partition) ? leader === broker : !unserved.has(partition)
      if (serves) this.#served.add(partition)
    }
  }

  /**
   * Partitions whose groups are in no list, by the node id of the broker that leads them, or
   * should: the first replica, -1 when that is unknown too.
   */
  get missing(): ReadonlyMap<number, ReadonlyArray<number>> {
    const missing = new Map<number, Array<number>>()
    for (const { leader, partition, replicas } of this.#partitions) {
      if (this.#served.has(partition)) continue
      const broker = leader >= 0 ? leader : replicas[0] ?? -1
      const known = missing.get(broker)
      if (known === undefined) missing.set(broker, [partition])
      else known.push(partition)
    }
    return missing
  }
}
