/** The real layer on three brokers of which one is lost. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Stack, StackLayer } from "../../dev/stack/Stack.ts"
import { Kafka } from "../../services/Kafka.ts"
import {
  batchOf,
  leaderOf,
  patiently,
  produce,
  unique,
  until
} from "../support/contract/Fixtures.ts"
import { withStack } from "../support/RealKafka.ts"

const partitionCount = 6

/** What a listing lacks: groups, and by its own account brokers. */
const missing = (wanted: ReadonlyArray<string>) =>
  Effect.map(Effect.flatMap(Kafka, (kafka) => kafka.listGroups), ({ groups, unanswered }) => {
    const listed = new Set(groups.map(({ groupId }) => groupId))
    return {
      groups: wanted.filter((groupId) => !listed.has(groupId)),
      brokers: unanswered.map(({ broker }) => broker)
    }
  })

/** Lists until all are there; what is missing meanwhile is never missing silently. */
const allListed = (wanted: ReadonlyArray<string>) =>
  until(
    Effect.tap(patiently(missing(wanted)), ({ brokers, groups }) => {
      assert.isTrue(groups.length === 0 || brokers.length > 0)
    }),
    ({ brokers, groups }) => groups.length + brokers.length === 0
  )

layer(withStack(StackLayer({ brokers: 3 })), { excludeTestServices: true, timeout: "5 minutes" })(
  "KafkaLayer on three brokers",
  (it) => {
    it.effect(
      "finds new leaders and coordinators, and tells what has none",
      () =>
        Effect.gen(function*() {
          const [kafka, stack] = [yield* Kafka, yield* Stack]
          const [safe, single] = [unique("safe"), unique("single")]
          yield* kafka.createTopics([
            { topic: safe, partitions: partitionCount, replicationFactor: 3, configs: {} },
            { topic: single, partitions: partitionCount, replicationFactor: 1, configs: {} }
          ])
          const of = (topic: string) =>
            Array.from({ length: partitionCount }, (_, partition) => ({ topic, partition }))
          for (const source of [...of(safe), ...of(single)]) yield* produce(source, batchOf(["a"]))
          const position = { offset: 1n, leaderEpoch: 0, metadata: "kept" }
          const offsets = of(safe).map((source) => ({ ...source, ...position }))
          const groups = ["a", "b", "c", "d"].map(unique)
          for (const groupId of groups) {
            const nobody = { groupId, generation: -1, memberId: "" }
            yield* patiently(kafka.commitOffsets(nobody, offsets))
          }
          const owner = yield* patiently(kafka.fence(safe, of(safe)))
          assert.deepStrictEqual(yield* missing(groups), { groups: [], brokers: [] })

          const [victim] = stack.nodes
          yield* victim?.kill ?? Effect.void
          const listing = yield* Effect.fork(allListed(groups))
          for (const groupId of groups) {
            const committed = yield* patiently(kafka.fetchOffsets(groupId, undefined))
            assert.strictEqual(committed.length, partitionCount)
            assert.isTrue(
              committed.every(({ metadata, offset }) => offset === 1n && metadata === "kept")
            )
          }
          yield* Fiber.join(listing)
          const next = yield* patiently(kafka.fence(safe, of(safe)))
          assert.strictEqual(next.producerId, owner.producerId)
          assert.isAbove(next.epoch, owner.epoch)

          const lost = victim?.address.id
          const { brokers, topics } = yield* kafka.metadata([safe, single])
          assert.strictEqual(brokers.length, 2)
          const leaders = (topic: string) =>
            topics.find((each) => each.topic === topic)?.partitions.map(({ leader }) => leader) ??
              []
          assert.notInclude(leaders(safe), lost)
          assert.include(leaders(single), -1)
          const ends = yield* kafka.listOffsets([...of(safe), ...of(single)], "latest")
          const errors = (topic: string) =>
            new Set(ends.filter((end) => end.topic === topic).map(({ error }) => error))
          assert.deepStrictEqual([...errors(safe)], [undefined])
          assert.sameMembers([...errors(single)], [undefined, "LEADER_NOT_AVAILABLE"])
          for (const source of of(safe)) {
            assert.notStrictEqual(yield* leaderOf(source), lost)
            yield* produce(source, batchOf(["b"]))
          }
        }),
      180_000
    )
  }
)
