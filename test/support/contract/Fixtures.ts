/** What the parts of the Kafka contract share: topics of their own, batches, patience. */
import { Context, Effect, Schedule } from "effect"
import { randomBytes } from "node:crypto"
import type { KafkaError } from "../../../services/Kafka.ts"
import { Kafka } from "../../../services/Kafka.ts"
import { readFetched } from "../../../src/codec/FetchedBatches.ts"
import type { TopicPartition } from "../../../src/domain/TopicPartition.ts"
import type { BatchFields } from "../Batches.ts"
import { buildBatch, plainRecord, plainRecords } from "../Batches.ts"

/** Another client of the same cluster, with connections of its own. */
export class SecondClient extends Context.Tag("test/SecondClient")<SecondClient, Kafka["Type"]>() {}

export const unique = (base: string): string => `${base}-${randomBytes(5).toString("hex")}`

/** A new topic and a new leader take a moment to be known everywhere. */
export const patiently = <A, R>(
  effect: Effect.Effect<A, KafkaError, R>
): Effect.Effect<A, KafkaError, R> =>
  Effect.retry(effect, {
    while: (error: KafkaError) => error.retriable,
    schedule: Schedule.spaced("100 millis"),
    times: 100
  })

export const reasonOf = <A, R>(effect: Effect.Effect<A, KafkaError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason)

/** Asks again and again, until the answer is as it should be. */
export const until = Effect.fnUntraced(
  function*<A, E, R>(ask: Effect.Effect<A, E, R>, is: (answer: A) => boolean) {
    for (;;) {
      const answer = yield* ask
      if (is(answer)) return answer
      yield* Effect.sleep("100 millis")
    }
  }
)

export const createTopic = Effect.fnUntraced(function*(
  partitions = 1,
  configs: Readonly<Record<string, string>> = {}
) {
  const kafka = yield* Kafka
  const topic = unique("contract")
  yield* kafka.createTopics([{ topic, partitions, replicationFactor: 1, configs }])
  yield* until(
    kafka.metadata([topic]),
    ({ topics: [found] }) =>
      found !== undefined && found.partitions.length === partitions &&
      found.partitions.every(({ leader }) => leader >= 0)
  )
  return topic
})

export const leaderOf = ({ partition, topic }: TopicPartition) =>
  Effect.map(
    Effect.flatMap(Kafka, (kafka) => kafka.metadata([topic])),
    ({ topics: [found] }) => found?.partitions[partition]?.leader ?? -1
  )

export const batchOf = (values: ReadonlyArray<string>, fields: BatchFields = {}) =>
  buildBatch(
    values.map((value, offsetDelta) =>
      plainRecord({ key: Buffer.from("k"), value: Buffer.from(value), offsetDelta })
    ),
    fields
  )

export const produce = Effect.fnUntraced(function*(source: TopicPartition, batch: Buffer) {
  const kafka = yield* Kafka
  const broker = yield* leaderOf(source)
  return yield* patiently(kafka.produce({ ...source, broker, batch, timeoutMs: 10_000 }))
})

export interface FetchOptions {
  readonly offset?: bigint
  readonly maxBytes?: number
  readonly maxWaitMs?: number
  readonly isolation?: "read_committed" | "read_uncommitted"
}

export const fetchFrom = Effect.fnUntraced(function*(
  sources: ReadonlyArray<TopicPartition>,
  { isolation = "read_committed", maxBytes = 1 << 20, maxWaitMs = 1000, offset = 0n }:
    FetchOptions = {}
) {
  const kafka = yield* Kafka
  const broker = sources[0] === undefined ? -1 : yield* leaderOf(sources[0])
  const partitions = sources.map((source) => ({ ...source, offset, maxBytes, leaderEpoch: -1 }))
  return yield* patiently(
    kafka.fetch({ broker, partitions, maxWaitMs, minBytes: 1, maxBytes: 1 << 24, isolation })
  )
})

/** The values at and behind `offset`, with their offsets; every batch checked. */
export const readValues = Effect.fnUntraced(function*(
  source: TopicPartition,
  options: FetchOptions = {}
) {
  const [fetched] = (yield* fetchFrom([source], options)).partitions
  if (fetched === undefined) return []
  const { aborted, records } = fetched
  const outcomes = yield* readFetched({ ...source, records, aborted }, options.offset ?? 0n)
  return outcomes.flatMap((outcome) =>
    outcome.kind !== "data" ?
      [] :
      plainRecords(outcome).map(({ offsetDelta, value }) =>
        [Number(outcome.header.baseOffset) + offsetDelta, String(value)] as const
      )
  )
})
