/** What every Kafka layer must do with the identities of producers. */
import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { ProducerIdentity } from "../../../services/Kafka.ts"
import { Kafka } from "../../../services/Kafka.ts"
import type { SecondClient } from "./Fixtures.ts"
import {
  batchOf,
  createTopic,
  patiently,
  produce,
  readValues,
  reasonOf,
  unique
} from "./Fixtures.ts"

const sequenced = (
  { epoch, producerId }: ProducerIdentity,
  baseSequence: number,
  values: ReadonlyArray<string>
) => batchOf(values, { producerId, producerEpoch: epoch, baseSequence })

const newPartition = Effect.map(createTopic(), (topic) => ({ topic, partition: 0 }))

export const producersContract = (it: Vitest.MethodsNonLive<Kafka | SecondClient, true>): void => {
  it.effect("takes a repeated batch for the one it has", () =>
    Effect.gen(function*() {
      const source = yield* newPartition
      const me = yield* patiently((yield* Kafka).initProducerId)
      yield* produce(source, sequenced(me, 0, ["a", "b"]))
      const first = yield* produce(source, sequenced(me, 2, ["c"]))
      const again = yield* produce(source, sequenced(me, 2, ["c"]))
      assert.strictEqual(again.baseOffset, first.baseOffset)
      assert.deepStrictEqual(yield* readValues(source), [[0, "a"], [1, "b"], [2, "c"]])
    }))

  it.effect("refuses a batch after one that is missing", () =>
    Effect.gen(function*() {
      const source = yield* newPartition
      const me = yield* patiently((yield* Kafka).initProducerId)
      yield* produce(source, sequenced(me, 0, ["a"]))
      assert.strictEqual(
        yield* reasonOf(produce(source, sequenced(me, 2, ["c"]))),
        "OUT_OF_ORDER_SEQUENCE_NUMBER"
      )
      yield* produce(source, sequenced(me, 1, ["b"]))
      assert.deepStrictEqual(yield* readValues(source), [[0, "a"], [1, "b"]])
    }))

  it.effect("gives every producer another id", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const one = yield* patiently(kafka.initProducerId)
      const other = yield* patiently(kafka.initProducerId)
      assert.notStrictEqual(one.producerId, other.producerId)
    }))

  it.effect("shuts out the earlier holder of a transactional id, from the fence on", () =>
    Effect.gen(function*() {
      const kafka = yield* Kafka
      const source = yield* newPartition
      const id = unique("fence")
      const earlier = yield* patiently(kafka.fence(id, [source]))
      yield* produce(source, sequenced(earlier, 0, ["a"]))
      const later = yield* patiently(kafka.fence(id, [source]))
      assert.strictEqual(
        yield* reasonOf(produce(source, sequenced(earlier, 1, ["late"]))),
        "INVALID_PRODUCER_EPOCH"
      )
      yield* produce(source, sequenced(later, 0, ["b"]))
      yield* produce(source, sequenced(later, 1, ["c"]))
      const values = (yield* readValues(source)).map(([, value]) => value)
      assert.deepStrictEqual(values, ["a", "b", "c"])
    }))
}
