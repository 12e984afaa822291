/** A Kafka cluster in memory, with its state and its faults in the test's hand. */
import { Context, Effect, Layer } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { AskBroker } from "../../services/kafka/FetchSessions.ts"
import { openFetchSession } from "../../services/kafka/FetchSessions.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { MemoryCluster } from "./kafka/MemoryCluster.ts"
import { MemoryFaults } from "./kafka/MemoryFaults.ts"
import { askBroker } from "./kafka/MemoryFetch.ts"
import { groups } from "./kafka/MemoryGroups.ts"
import { reads } from "./kafka/MemoryReads.ts"
import { writes } from "./kafka/MemoryWrites.ts"

/** The state of the cluster. */
export class Cluster extends Context.Tag("test/KafkaCluster")<Cluster, MemoryCluster>() {}

/** What can go wrong for the client that the layer provides. */
export class KafkaFaults extends Context.Tag("test/KafkaFaults")<KafkaFaults, MemoryFaults>() {}

/** A client of the cluster that has its own faults, for tests with several programs. */
export const connect = (cluster: MemoryCluster, faults: MemoryFaults): Kafka["Type"] => {
  const read = reads(cluster)
  const write = writes(cluster)
  const group = groups(cluster)
  const ask = (broker: number): AskBroker => (request) =>
    faults.wrap("fetch", `broker ${broker}`, askBroker(cluster, broker)(request))
  return Kafka.of({
    metadata: (topics) => faults.wrap("metadata", "", read.metadata(topics)),
    fetch: (request) => ask(request.broker)(request),
    fetchSession: (settings) => openFetchSession(settings, ask(settings.broker)),
    listOffsets: (partitions, at) =>
      faults.wrap("listOffsets", "", read.listOffsets(partitions, at)),
    endOfEpoch: (partitions) => faults.wrap("endOfEpoch", "", read.endOfEpoch(partitions)),
    topicConfigs: (topics, names) =>
      faults.wrap("topicConfigs", "", read.topicConfigs(topics, names)),
    topicOverrides: (topics) => faults.wrap("topicOverrides", "", read.topicOverrides(topics)),
    alterTopicConfigs: (topics) =>
      faults.wrap("alterTopicConfigs", "", write.alterTopicConfigs(topics)),
    rights: (topics, groups) => faults.wrap("rights", "", read.rights(topics, groups)),
    disks: (partitions) => faults.wrap("disks", "", read.disks(partitions)),
    produce: (request) =>
      faults.wrap("produce", topicPartitionName(request), write.produce(request)),
    initProducerId: faults.wrap("initProducerId", "", write.initProducerId),
    fence: (id, partitions) => faults.wrap("fence", id, write.fence(id, partitions)),
    createTopics: (topics) => faults.wrap("createTopics", "", write.createTopics(topics)),
    deleteTopics: (topics) => faults.wrap("deleteTopics", "", write.deleteTopics(topics)),
    createPartitions: (topic, total) =>
      faults.wrap("createPartitions", topic, write.createPartitions(topic, total)),
    joinGroup: (request) => faults.wrap("joinGroup", request.groupId, group.joinGroup(request)),
    syncGroup: (ref, all) => faults.wrap("syncGroup", ref.groupId, group.syncGroup(ref, all)),
    heartbeat: (ref) => faults.wrap("heartbeat", ref.groupId, group.heartbeat(ref)),
    leaveGroup: (id, member) => faults.wrap("leaveGroup", id, group.leaveGroup(id, member)),
    commitOffsets: (ref, all) =>
      faults.wrap("commitOffsets", ref.groupId, group.commitOffsets(ref, all)),
    fetchOffsets: (id, partitions) =>
      faults.wrap("fetchOffsets", id, group.fetchOffsets(id, partitions)),
    listGroups: faults.wrap("listGroups", "", group.listGroups)
  })
}

const client = Layer.effect(
  Kafka,
  Effect.gen(function*() {
    return connect(yield* Cluster, yield* KafkaFaults)
  })
)

/** An empty cluster of so many brokers, new each time it is built. */
export const layerOf = (brokers: number) =>
  client.pipe(
    Layer.provideMerge(Layer.merge(
      Layer.scoped(Cluster, Effect.map(Effect.scope, (scope) => new MemoryCluster(brokers, scope))),
      Layer.sync(KafkaFaults, () => new MemoryFaults())
    ))
  )

export const layer = layerOf(1)
