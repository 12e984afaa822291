/** A Kafka cluster, by our own request bytes over `KafkaConnections`. */
import { Effect, Layer } from "effect"
import { Kafka } from "./Kafka.ts"
import { askMetadata } from "./kafka/Calls.ts"
import { makeCoordinators } from "./kafka/Coordinators.ts"
import { makeDisks } from "./kafka/Disks.ts"
import { makeGroupListing } from "./kafka/GroupListing.ts"
import { makeGroups } from "./kafka/Groups.ts"
import { makePartitions } from "./kafka/Partitions.ts"
import { makeProducers } from "./kafka/Producers.ts"
import { makeRights } from "./kafka/Rights.ts"
import { makeTopics } from "./kafka/Topics.ts"
import type { KafkaSettings } from "./KafkaConnections.ts"
import { KafkaConnections } from "./KafkaConnections.ts"
import { KafkaConnectionsLayer } from "./KafkaConnectionsLayer.ts"

const make = Effect.map(KafkaConnections, (connections) => {
  const coordinators = makeCoordinators(connections)
  return Kafka.of({
    metadata: (topics) => askMetadata(connections, topics && [...new Set(topics)]),
    ...makePartitions(connections),
    ...makeProducers(connections, coordinators),
    ...makeGroups(connections, coordinators),
    ...makeGroupListing(connections, coordinators),
    ...makeTopics(connections),
    ...makeRights(connections, coordinators),
    ...makeDisks(connections)
  })
})

/** Kafka over connections that are there already. */
export const KafkaOverConnections = Layer.effect(Kafka, make)

/** Connects at the first request, not before; closes all sockets with its scope. */
export const KafkaLayer = (settings: KafkaSettings) =>
  Layer.provide(KafkaOverConnections, KafkaConnectionsLayer(settings))
