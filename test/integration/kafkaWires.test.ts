/** What the real layer promises of its connections. */
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { batchOf, createTopic, leaderOf, patiently } from "../support/contract/Fixtures.ts"
import { RealKafka, withStack } from "../support/RealKafka.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"

const isolation = "read_committed" as const

const newPartition = Effect.gen(function*() {
  const source = { topic: yield* createTopic(1, { "max.message.bytes": "20000000" }), partition: 0 }
  return { ...source, broker: yield* leaderOf(source) }
})

type Target = Effect.Effect.Success<typeof newPartition>

/** Fetches from an offset of one partition, with its first batch whole. */
const fetchAt = ({ broker, partition, topic }: Target, offset: bigint, maxWaitMs: number) =>
  Effect.flatMap(Kafka, (kafka) =>
    kafka.fetch({
      broker,
      partitions: [{ topic, partition, offset, maxBytes: 1, leaderEpoch: -1 }],
      maxWaitMs,
      minBytes: 1,
      maxBytes: 1,
      isolation
    })).pipe(Effect.map(({ partitions }) => partitions[0]?.records ?? Buffer.alloc(0)))

const produceTo = ({ broker, partition, topic }: Target, batch: Buffer) =>
  Effect.flatMap(
    Kafka,
    (kafka) => kafka.produce({ broker, topic, partition, batch, timeoutMs: 20_000 })
  )

const openSockets = () =>
  process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length

const joinRequest = (groupId: string, memberId: string) => ({
  groupId,
  memberId,
  sessionTimeoutMs: 20_000,
  rebalanceTimeoutMs: 20_000,
  protocolType: "test",
  protocols: [{ name: "test", metadata: Buffer.from("any") }]
})

/** The only member of a new group, with its assignment. */
const alone = Effect.gen(function*() {
  const kafka = yield* Kafka
  const groupId = unique("group")
  const { generation, memberId } = yield* patiently(kafka.joinGroup(joinRequest(groupId, "")))
  const member = { groupId, generation, memberId }
  yield* kafka.syncGroup(member, [{ memberId, assignment: Buffer.from("all") }])
  return member
})

layer(withStack(SharedStack), { excludeTestServices: true, timeout: "5 minutes" })(
  "connections of KafkaLayer",
  (it) => {
    it.effect("produces in the order of the starts, on a connection that is just opened", () =>
      Effect.gen(function*() {
        const target = yield* newPartition
        const sequences = Array.from({ length: 200 }, (_, index) => index)
        const offsets = yield* Effect.gen(function*() {
          const { epoch, producerId } = yield* patiently((yield* Kafka).initProducerId)
          const acks = yield* Effect.forEach(sequences, (baseSequence) => {
            const batch = batchOf(["x"], { producerId, producerEpoch: epoch, baseSequence })
            return produceTo(target, batch)
          }, { concurrency: "unbounded" })
          return acks.map(({ baseOffset }) => Number(baseOffset))
        }).pipe(Effect.provide(RealKafka))
        assert.deepStrictEqual(offsets, sequences)
      }))

    it.effect("carries a batch of 12 MB there and back", () =>
      Effect.gen(function*() {
        const target = yield* newPartition
        const batch = batchOf(["x".repeat(12_000_000)])
        yield* produceTo(target, batch)
        const records = yield* fetchAt(target, 0n, 1000)
        assert.isTrue(records.subarray(16).equals(batch.subarray(16)))
      }))

    it.effect("answers fetches in their order while other requests go on", () =>
      Effect.gen(function*() {
        const target = yield* newPartition
        yield* produceTo(target, batchOf(["first"]))
        const answers: Array<string> = []
        const started = Date.now()
        const noted = (name: string, offset: bigint) =>
          Effect.tap(fetchAt(target, offset, 1500), () => Effect.sync(() => answers.push(name)))
        const waiting = yield* Effect.fork(noted("waits", 1n))
        const ready = yield* Effect.fork(noted("ready", 0n))
        yield* Effect.sleep("100 millis")
        yield* (yield* Kafka).metadata([target.topic])
        yield* (yield* Kafka).listOffsets([target], "latest")
        assert.isBelow(Date.now() - started, 1000)
        assert.strictEqual((yield* Fiber.join(waiting)).length, 0)
        assert.isAbove((yield* Fiber.join(ready)).length, 0)
        assert.deepStrictEqual(answers, ["waits", "ready"])
      }))

    it.effect("survives the interruption of a fetch", () =>
      Effect.gen(function*() {
        const target = yield* newPartition
        yield* produceTo(target, batchOf(["first"]))
        const waiting = yield* Effect.fork(fetchAt(target, 1n, 1000))
        yield* Effect.sleep("50 millis")
        yield* Fiber.interrupt(waiting)
        for (let i = 0; i < 3; i++) assert.isAbove((yield* fetchAt(target, 0n, 1000)).length, 0)
      }))

    it.effect("heartbeats and commits while a join waits, and gives an interrupted join up", () =>
      Effect.gen(function*() {
        const kafka = yield* Kafka
        const source = { topic: yield* createTopic(), partition: 0 }
        const member = yield* alone
        const joining = yield* Effect.fork(kafka.joinGroup(joinRequest(member.groupId, "")))
        yield* Effect.sleep("300 millis")
        const started = Date.now()
        const beat = yield* Effect.flip(kafka.heartbeat(member))
        assert.strictEqual(beat.reason, "REBALANCE_IN_PROGRESS")
        const position = { ...source, offset: 3n, leaderEpoch: -1, metadata: "m" }
        const committed = yield* kafka.commitOffsets(member, [position])
        assert.deepStrictEqual(committed, [{ ...source, error: undefined }])
        assert.isBelow(Date.now() - started, 1000)
        yield* Fiber.interrupt(joining)
        const again = yield* kafka.joinGroup(joinRequest(member.groupId, member.memberId))
        assert.isAbove(again.generation, member.generation)
        assert.isBelow(Date.now() - started, 3000)
      }))

    it.effect("closes its sockets with its scope, also with requests under way", () =>
      Effect.gen(function*() {
        const target = yield* newPartition
        yield* produceTo(target, batchOf(["first"]))
        const before = openSockets()
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(RealKafka, scope)
        const fetching = yield* Effect.fork(Effect.provide(fetchAt(target, 1n, 20_000), context))
        yield* Effect.sleep("300 millis")
        assert.isAbove(openSockets(), before)
        yield* Scope.close(scope, Exit.void)
        const failure = yield* Effect.flip(Fiber.join(fetching))
        assert.strictEqual(failure.reason, "CONNECTION_FAILED")
        yield* Effect.sleep("100 millis")
        assert.isAtMost(openSockets(), before)
      }))
  }
)
