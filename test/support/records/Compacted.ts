/** A topic that Kafka's cleaner has been over, and one whose head was deleted. */
import { Data, Effect } from "effect"
import type { ProduceLine, TrueRecord, TruthTopic } from "../../../dev/truth/Truth.ts"
import { Truth } from "../../../dev/truth/Truth.ts"
import { unique } from "../SharedStack.ts"
import { committed } from "./Keeper.ts"
import { hex, range } from "./Shapes.ts"

class NotCleaned extends Data.TaggedError("NotCleaned")<{ readonly message: string }> {}

const keys = 8

/** Plain updates in partition 0, transactions in 1: committed ones and aborted ones. */
const updates = (topic: string, tx: string, round: number): ReadonlyArray<ProduceLine> => {
  const record = (at: number, partition: number) => ({
    topic,
    partition,
    key: hex(`key ${at % keys}`),
    value: at % keys === 3 ? null : hex(`round ${round}, update ${at}`)
  })
  return [
    ...range(30).map((at) => record(at, 0)),
    { begin: tx },
    ...range(10).map((at) => ({ ...record(at, 1), tx })),
    { abort: tx },
    { begin: tx },
    ...range(20).map((at) => ({ ...record(at, 1), tx })),
    { commit: tx }
  ]
}

/** Alone in the last segment, which is never cleaned. */
const last = (topic: string): ReadonlyArray<ProduceLine> =>
  [0, 1].map((partition) => ({ topic, partition, key: hex("last"), value: hex("last") }))

const duplicates = (records: ReadonlyArray<TrueRecord>): number =>
  records.length - new Set(records.map(({ key, partition }) => `${partition}/${key}`)).size

const segmentMs = 200

/** Returns when each key is left once, and nothing will be cleaned any more. */
export const compactedTopic = Effect.gen(function*() {
  const truth = yield* Truth
  const topic: TruthTopic = {
    topic: unique("compacted"),
    partitions: 2,
    configs: {
      "cleanup.policy": "compact",
      "min.cleanable.dirty.ratio": "0.01",
      "segment.ms": String(segmentMs),
      "delete.retention.ms": "100"
    }
  }
  yield* truth.createTopics([topic])
  for (const round of range(3)) {
    yield* truth.produce(updates(topic.topic, unique("tx"), round))
    yield* Effect.sleep(segmentMs + 50)
  }
  yield* truth.produce(last(topic.topic))
  yield* Effect.sleep("500 millis").pipe(
    Effect.zipRight(committed([topic.topic])),
    Effect.repeat({ until: (records) => duplicates(records) === 0 }),
    Effect.timeoutFail({
      duration: "60 seconds",
      onTimeout: () => new NotCleaned({ message: "the cleaner has not come by" })
    })
  )
  // From here on the log stays as it is.
  yield* truth.alterTopic(topic.topic, { "cleanup.policy": "delete" })
  return topic
})

export const deletedHead = 123n

/** Partition 0 begins inside a batch; of partition 1 nothing is left. */
export const headlessTopic = Effect.gen(function*() {
  const truth = yield* Truth
  const topic: TruthTopic = { topic: unique("headless"), partitions: 2 }
  yield* truth.createTopics([topic])
  const lines = (partition: number) =>
    range(250).map((at) => ({ topic: topic.topic, partition, value: hex(`value ${at}`) }))
  for (const partition of [0, 1]) {
    yield* truth.produce(lines(partition), { "batch.size": "100000", "linger.ms": "200" })
  }
  yield* truth.deleteRecords(topic.topic, 0, Number(deletedHead))
  yield* truth.deleteRecords(topic.topic, 1, 250)
  return topic
})
