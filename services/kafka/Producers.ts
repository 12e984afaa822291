/** Producer identities, and taking partitions over from whoever held a transactional id before. */
import { Effect } from "effect"
import type { Api } from "../../src/codec/kafka/Api.ts"
import * as ProducersApi from "../../src/codec/kafka/Producers.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { KafkaError, ProducerIdentity } from "../Kafka.ts"
import type { Connections } from "./Calls.ts"
import { accepted } from "./Calls.ts"
import type { Coordinators } from "./Coordinators.ts"
import { whileBusy } from "./Coordinators.ts"

const transactionLane = "transaction"
/** Milliseconds; the transaction is open for the time of two requests only. */
const transactionTimeoutMs = 60_000

const identityOf = ({ epoch, producerId }: ProducerIdentity): ProducerIdentity => ({
  producerId,
  epoch
})

export const makeProducers = (connections: Connections, coordinators: Coordinators) => {
  const initProducerId = connections.callAny(ProducersApi.initProducerId, {
    transactionalId: null,
    transactionTimeoutMs
  }).pipe(
    Effect.flatMap((answer) => accepted(answer, "initProducerId", "")),
    whileBusy,
    Effect.map(identityOf)
  )

  const fence = Effect.fnUntraced(function*(
    transactionalId: string,
    partitions: ReadonlyArray<TopicPartition>
  ) {
    const ask = <Request, Answer>(
      api: Api<Request, Answer>,
      request: Request,
      check: (answer: Answer) => Effect.Effect<Answer, KafkaError>
    ) =>
      coordinators.withCoordinator("transaction", transactionalId, (broker) => {
        const to = { broker, lane: transactionLane, subject: transactionalId }
        return connections.call(to, api, request).pipe(Effect.flatMap(check))
      })

    const init = { transactionalId, transactionTimeoutMs }
    const identity = yield* ask(
      ProducersApi.initProducerId,
      init,
      (answer) => accepted(answer, "InitProducerId", transactionalId)
    ).pipe(Effect.map(identityOf))
    if (partitions.length === 0) return identity
    const owner = { ...identity, transactionalId }
    yield* ask(
      ProducersApi.addPartitionsToTxn,
      { ...owner, partitions },
      (answers) =>
        Effect.forEach(
          answers,
          (answer) => accepted(answer, "AddPartitionsToTxn", topicPartitionName(answer))
        )
    )
    const abort = ask(
      ProducersApi.endTxn,
      { ...owner, commit: false },
      (answer) => accepted(answer, "EndTxn", transactionalId)
    )
    yield* abort
    // The first answer comes before the abort markers are in the partitions, and until then they
    // take a predecessor's batches. The second one is CONCURRENT_TRANSACTIONS till they are there.
    yield* abort
    return identity
  })

  return { initProducerId, fence }
}
