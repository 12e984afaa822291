import { Effect, Layer } from "effect"
import { SecondClient } from "../support/contract/Fixtures.ts"
import { MemoryFaults } from "../support/kafka/MemoryFaults.ts"
import { kafkaContract } from "../support/KafkaContract.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const secondClient = Layer.effect(
  SecondClient,
  Effect.map(KafkaMemory.Cluster, (cluster) => KafkaMemory.connect(cluster, new MemoryFaults()))
)

kafkaContract("Kafka in memory", Layer.provideMerge(secondClient, KafkaMemory.layerOf(3)))
