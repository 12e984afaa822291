import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, LogLevel, Scope } from "effect"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { Kafka } from "../../services/Kafka.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import { joinGroup } from "../../streams/GroupMembership.ts"
import { createTopic, unique, until } from "../support/contract/Fixtures.ts"
import { javaConsumer } from "../support/ForeignConsumer.ts"
import { offset, Referee } from "../support/GroupHarness.ts"
import { RealKafka, settingsFor } from "../support/RealKafka.ts"
import { SharedStack } from "../support/SharedStack.ts"

const Real = Layer.provideMerge(RealKafka, SharedStack).pipe(
  Layer.provideMerge(Logger.minimumLogLevel(LogLevel.Warning))
)

/** A member with connections of its own, as in a process of its own. */
const start = Effect.fnUntraced(function*(
  referee: Referee,
  name: string,
  groupId: string,
  topic: string
) {
  const { brokers } = yield* StackAddresses
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const tell =
    (what: "assigned" | "revoked" | "lost") =>
    (partitions: ReadonlyArray<{ readonly topic: string; readonly partition: number }>) =>
      Effect.sync(() => referee.saw(name, what, partitions))
  const membership = yield* joinGroup({
    groupId,
    topics: [topic],
    metadataIntervalMs: 2000,
    heartbeatIntervalMs: 500,
    handlers: { assigned: tell("assigned"), revoked: tell("revoked"), lost: tell("lost") }
  }).pipe(
    Effect.provide(KafkaLayer(settingsFor(brokers))),
    Scope.extend(scope)
  )
  return { membership, close: Scope.close(scope, Exit.void) }
})

const settles = (referee: Referee, shares: Record<string, number>) =>
  until(
    Effect.sync(() => referee.shares()),
    (now) => JSON.stringify(Object.entries(now).sort()) === JSON.stringify(Object.entries(shares))
  ).pipe(
    Effect.timeoutOption("30 seconds"),
    Effect.tap(() => Effect.sync(() => assert.deepStrictEqual(referee.shares(), shares)))
  )

layer(Real, { excludeTestServices: true, timeout: "120 seconds" })(
  "group membership on Kafka itself",
  (it) => {
    it.scoped("shares, grows, hands over and commits", () =>
      Effect.gen(function*() {
        const kafka = yield* Kafka
        const topic = yield* createTopic(4)
        const groupId = unique("members")
        const referee = new Referee()
        const a = yield* start(referee, "a", groupId, topic)
        yield* settles(referee, { a: 4 })
        const b = yield* start(referee, "b", groupId, topic)
        yield* settles(referee, { a: 2, b: 2 })
        yield* kafka.createPartitions(topic, 7)
        yield* until(
          Effect.sync(() => Object.values(referee.shares()).reduce((sum, each) => sum + each, 0)),
          (total) => total === 7
        ).pipe(Effect.timeout("30 seconds"))
        const [mine] = yield* b.membership.owned
        const partition = mine?.partition ?? -1
        const refused = yield* a.membership.commit([offset(partition, 9n, topic)])
        assert.deepStrictEqual(refused.map(({ error }) => error), ["ILLEGAL_GENERATION"])
        const taken = yield* b.membership.commit([offset(partition, 8n, topic)])
        assert.deepStrictEqual(taken.map(({ error }) => error), [undefined])
        yield* b.close
        referee.forget("b")
        yield* settles(referee, { a: 7 })
        const [found] = yield* a.membership.committed([{ topic, partition }])
        assert.strictEqual(found?.offset, 8n)
        assert.deepStrictEqual(referee.offences, [])
        assert.notInclude(referee.events.map(([, what]) => what), "lost")
      }))

    it.scoped("shares a group with Java's cooperative-sticky assignor, whoever leads", () =>
      Effect.gen(function*() {
        const topic = yield* createTopic(4)
        const groupId = unique("mixed")
        const referee = new Referee()
        const a = yield* start(referee, "a", groupId, topic)
        yield* settles(referee, { a: 4 })
        const java = yield* javaConsumer(yield* StackAddresses, groupId, topic)
        yield* settles(referee, { a: 2 })
        yield* a.close
        referee.forget("a")
        // The group's next leader is Java's; it hands two of its four partitions over.
        yield* Effect.sleep("4 seconds")
        yield* start(referee, "c", groupId, topic)
        yield* settles(referee, { c: 2 })
        yield* java.stop
        yield* settles(referee, { c: 4 })
        assert.notInclude(referee.events.map(([, what]) => what), "lost")
      }))
  }
)
