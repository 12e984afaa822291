import { Effect, Layer } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { SecondClient } from "../support/contract/Fixtures.ts"
import { kafkaContract } from "../support/KafkaContract.ts"
import { RealKafka } from "../support/RealKafka.ts"
import { SharedStack } from "../support/SharedStack.ts"

const second = Layer.effect(SecondClient, Effect.map(Kafka, (kafka) => kafka)).pipe(
  Layer.provide(Layer.fresh(RealKafka))
)

kafkaContract("KafkaLayer", Layer.provide(Layer.merge(RealKafka, second), SharedStack))
