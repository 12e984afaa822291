/** Java's producer writing into topics without a pause, as an application would. */
import { Effect, Fiber } from "effect"
import type { NewRecord, TruthTopic } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { unique } from "./SharedStack.ts"

export const noiseBytes = 300

/** So many records for each partition, every one of them different. */
export const noise = (
  topics: ReadonlyArray<TruthTopic>,
  perPartition: number,
  seed = 0,
  valueBytes = noiseBytes
): ReadonlyArray<NewRecord> =>
  topics.flatMap(({ partitions, topic }) =>
    Array.from({ length: partitions * perPartition }, (_, index): NewRecord => ({
      topic,
      partition: index % partitions,
      key: Buffer.from(`${seed}/${index}`).toString("hex"),
      value: { size: valueBytes, seed: seed * 100_000 + index },
      headers: [["trace", Buffer.from(String(index)).toString("hex")]]
    }))
  )

/** New topics with names that begin with `base`. */
export const someTopics = Effect.fnUntraced(function*(
  base: string,
  partitions: ReadonlyArray<number>
) {
  const truth = yield* Truth
  const name = unique(base)
  const topics = partitions.map((count, index) => (
    { topic: `${name}-${index}`, partitions: count }
  ))
  yield* truth.createTopics(topics)
  return {
    topics,
    names: topics.map(({ topic }) => topic),
    /** Matches these topics and no others. */
    regex: `^${name}-\\d+$`,
    partitionCount: partitions.reduce((sum, count) => sum + count, 0)
  }
})

/** Produces until it is stopped, or the scope ends; `stop` tells how many records it has written. */
export const steadyProducer = Effect.fnUntraced(function*(
  topics: ReadonlyArray<TruthTopic>,
  perPartition = 4
) {
  const truth = yield* Truth
  const state = { running: true, records: 0, seed: 1000 }
  const loop = Effect.gen(function*() {
    while (state.running) {
      const places = yield* truth.produce(noise(topics, perPartition, state.seed++))
      state.records += places.length
      yield* Effect.sleep("150 millis")
    }
    return state.records
  })
  const fiber = yield* Effect.forkScoped(loop)
  return { stop: Effect.suspend(() => (state.running = false, Fiber.join(fiber))) }
})
