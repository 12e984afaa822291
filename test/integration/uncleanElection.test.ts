/** Three brokers, of which one comes back without what the others had: an unclean leader election. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stack, StackLayer } from "../../dev/stack/Stack.ts"
import { compareRestored } from "../../dev/truth/Compare.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { Kafka } from "../../services/Kafka.ts"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import { archivedFiles } from "../support/ArchiveWitness.ts"
import { BundleLayer, NotSeen, workplace } from "../support/CommandLine.ts"
import { batchOf, produce, unique } from "../support/contract/Fixtures.ts"
import { askForFlush, flushServer } from "../support/FlushClient.ts"
import { RealKafka } from "../support/RealKafka.ts"

const Live = Layer.mergeAll(TruthLayer, RealKafka, BundleLayer("unclean-election")).pipe(
  Layer.provideMerge(StackLayer({
    brokers: 3,
    brokerConfig: { "unclean.leader.election.interval.ms": "1000" }
  }))
)

/** Waits until it holds, however long the brokers take. */
const until = <E, R>(what: string, holds: Effect.Effect<boolean, E, R>) =>
  holds.pipe(
    Effect.catchAll(() => Effect.succeed(false)),
    Effect.zipLeft(Effect.sleep("200 millis")),
    Effect.repeat({ until: (yes) => yes }),
    Effect.timeoutFail({
      duration: "90 seconds",
      onTimeout: () => new NotSeen({ message: `${what} never came to be` })
    })
  )

/** Replicas of the only partition, the leader first. */
const replicasOf = (topic: string) =>
  Effect.map(
    Effect.flatMap(Kafka, (kafka) => kafka.metadata([topic])),
    ({ topics: [found] }) => {
      const { leader = -1, replicas = [] } = found?.partitions[0] ?? {}
      return { leader, others: replicas.filter((replica) => replica !== leader) }
    }
  )

const write = (topic: string, tag: string, count: number) =>
  Effect.forEach(
    Array.from({ length: count / 10 }, (_, at) => at),
    (at) =>
      produce(
        { topic, partition: 0 },
        batchOf(Array.from({ length: 10 }, (_, each) => `${tag} ${at * 10 + each}`))
      ),
    { discard: true }
  )

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("an unclean election", (it) => {
  it.scoped(
    "under a running backup loses nothing of the archive, and the log after it is restored",
    () =>
      Effect.gen(function*() {
        const [kafka, stack, truth] = [yield* Kafka, yield* Stack, yield* Truth]
        const place = yield* workplace
        const topic = unique("unclean")
        const configs = { "unclean.leader.election.enable": "true", "min.insync.replicas": "1" }
        yield* kafka.createTopics([{ topic, partitions: 1, replicationFactor: 2, configs }])
        yield* until("both replicas", Effect.map(replicasOf(topic), ({ leader }) => leader >= 0))
        const { leader, others: [other] } = yield* replicasOf(topic)
        const nodeOf = (id: number | undefined) =>
          Effect.fromNullable(stack.nodes.find(({ address }) => address.id === id))
        const [first, second] = [yield* nodeOf(leader), yield* nodeOf(other)]

        const backup = yield* place.run(
          [
            "topics-backup",
            "-topics-regex",
            `^${topic}$`,
            "-working-dir",
            place.file("backup"),
            ...flushServer
          ]
        )
        /** Every record up to this offset is in the archive, in a file of whatever root. */
        const archivedUpTo = (offset: number, prefix: string) =>
          until(
            `${prefix} up to ${offset}`,
            Effect.gen(function*() {
              yield* askForFlush(backup)
              const files = yield* archivedFiles(prefix)
              return files.some(({ coverageNext }) => coverageNext === offset)
            })
          )
        yield* write(topic, "both", 60)
        yield* archivedUpTo(60, place.prefix)
        yield* second.kill
        yield* write(topic, "lost", 40)
        const [before] = yield* kafka.listOffsets([{ topic, partition: 0 }], "latest")
        const end = Number(before?.offset ?? 0n)
        assert.isAtLeast(end, 100)
        yield* archivedUpTo(end, place.prefix)
        const kept = yield* archivedFiles(place.prefix)

        yield* first.kill
        yield* second.start.pipe(Effect.fork)
        yield* until(
          "the other replica as leader",
          Effect.map(replicasOf(topic), (now) => now.leader === other)
        )
        // Longer than before: the end of the log tells nothing.
        yield* write(topic, "again", 80)
        const [after] = yield* kafka.listOffsets([{ topic, partition: 0 }], "latest")
        assert.isAbove(Number(after?.offset ?? 0n), end)
        yield* archivedUpTo(Number(after?.offset ?? 0n), `${place.prefix}.generations`)
        yield* backup.stop("SIGTERM")
        yield* first.start

        assert.deepStrictEqual(
          (yield* archivedFiles(place.prefix)).map(({ key, records }) => [key, records.length]),
          kept.map(({ key, records }) => [key, records.length])
        )
        const branched = yield* archivedFiles(`${place.prefix}.generations`)
        assert.deepStrictEqual(
          branched.map(({ key }) => parseArchiveKey(key)?.firstOffset),
          [60n]
        )

        const target = { topic: `restored.${topic}`, partitions: 1 }
        yield* truth.createTopics([target])
        const planTopic = unique("plan")
        const commands = [
          ["topics-plan-restore", "-plan-topic-partitions", "3"],
          ["topics-restore", "-restore-topic-prefix", "restored."]
        ]
        for (const args of commands) {
          const done = yield* place.finish([...args, "-plan-topic", planTopic, "-once"])
          assert.strictEqual(done.code, 0, done.stderr)
        }
        const [source, restored] = [
          yield* truth.consume([topic]),
          yield* truth.consume([target.topic])
        ]
        assert.isAtLeast(source.length, 140)
        assert.deepStrictEqual(compareRestored(source, restored, "restored."), [])
      }),
    280_000
  )
})
