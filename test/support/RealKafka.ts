/** The real Kafka layer against a local stack. */
import { Effect, Layer } from "effect"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import type { StackError } from "../../dev/stack/StackError.ts"
import type { Kafka } from "../../services/Kafka.ts"
import type { KafkaSettings } from "../../services/KafkaConnections.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"

export const settingsFor = (
  brokers: string,
  changes: Partial<KafkaSettings> = {}
): KafkaSettings => ({
  brokers: brokers.split(","),
  clientId: "kafka-data-keep-test",
  logLevel: "warn",
  ...changes
})

export const RealKafka: Layer.Layer<Kafka, never, StackAddresses> = Layer.unwrapEffect(
  Effect.map(StackAddresses, ({ brokers }) => KafkaLayer(settingsFor(brokers)))
)

/** The real layer with the stack that it talks to. */
export const withStack = <Provided>(
  stack: Layer.Layer<Provided | StackAddresses, StackError>
): Layer.Layer<Kafka | Provided | StackAddresses, StackError> =>
  Layer.provideMerge(RealKafka, stack)
