/** Groups in memory, their backup, and what it leaves in the store; time is the test's. */
import { Clock, Context, Effect, Either, Fiber, Layer, Option, Stream, TestClock } from "effect"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import type { BackupGroupsOptions } from "../../src/domain/Settings.ts"
import { backupGroups } from "../../streams/BackupGroups.ts"
import type { SnapshotRun } from "../../streams/snapshot/SnapshotRun.ts"
import { historyFacts, listHistory, readMain } from "../../streams/snapshot/SnapshotStore.ts"
import { buildBatch, plainRecord } from "./Batches.ts"
import * as KafkaMemory from "./KafkaMemory.ts"
import * as ObjectStoreMemory from "./ObjectStoreMemory.ts"
import { SaidLayer } from "./Said.ts"

export const minute = 60_000
export const hour = 60 * minute
export const location = "groups/all.avro"

/** Groups whose offsets are not to be had, and why. */
export class SickGroups extends Context.Tag("test/SickGroups")<
  SickGroups,
  Map<string, KafkaErrorName>
>() {}

const sickKafka = Layer.effect(
  Kafka,
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const sick = yield* SickGroups
    return Kafka.of({
      ...kafka,
      fetchOffsets: (groupId, partitions) => {
        const reason = sick.get(groupId)
        return reason === undefined
          ? kafka.fetchOffsets(groupId, partitions)
          : new KafkaError({ operation: "fetchOffsets", subject: groupId, reason, cause: "" })
      }
    })
  })
)

export const world = sickKafka.pipe(
  Layer.provideMerge(Layer.mergeAll(
    KafkaMemory.layerOf(3),
    ObjectStoreMemory.layer,
    ForeignSchemaLayer,
    Layer.sync(SickGroups, () => new Map<string, KafkaErrorName>())
  )),
  Layer.provideMerge(SaidLayer)
)

export const groupsOptions = (changes: Partial<BackupGroupsOptions> = {}): BackupGroupsOptions => ({
  location,
  runIntervalMs: minute,
  historyIntervalMs: 15 * minute,
  historyMaxAgeMs: 7 * 24 * hour,
  shrinkHoldMs: hour,
  allowOtherCluster: false,
  once: true,
  ...changes
})

/** A topic whose first `withData` partitions have records. */
export const createTopic = (topic: string, partitions: number, withData = partitions) =>
  Effect.map(KafkaMemory.Cluster, (cluster) => {
    cluster.topics.create(topic, partitions)
    for (let partition = 0; partition < withData; partition++) {
      cluster.append({ topic, partition }, buildBatch([plainRecord()]))
    }
  })

/** Commits the offset in the first so many partitions. */
export const commit = (groupId: string, topic: string, offset: number, partitions = 1) =>
  Effect.map(KafkaMemory.Cluster, (cluster) => {
    for (let partition = 0; partition < partitions; partition++) {
      const position = { topic, partition, offset: BigInt(offset), leaderEpoch: -1, metadata: "" }
      cluster.group(groupId).offsets.commit(position)
    }
  })

/** Runs it to its end while time passes, a second at a time. */
export const passingTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    for (;;) {
      const exit = yield* Fiber.poll(fiber)
      if (Option.isSome(exit)) return yield* exit.value
      yield* TestClock.adjust("1 second")
    }
  })

/** One run of a new process: what it emits, and the reason for which it fails. */
export const runOnce = (changes: Partial<BackupGroupsOptions> = {}) =>
  Effect.gen(function*() {
    const runs = new Array<SnapshotRun>()
    const end = yield* Effect.either(Stream.runForEach(
      backupGroups(groupsOptions(changes)),
      (run) => Effect.sync(() => void runs.push(run))
    ))
    return {
      outcome: runs[0]?.outcome,
      run: runs[0],
      failure: Either.isLeft(end) && "reason" in end.left ? end.left.reason : undefined
    }
  })

/** What the main object holds: `group topic-partition=offset`, and groups without any. */
export const mainPositions = Effect.map(readMain(location), (found) =>
  Option.match(found, {
    onNone: () => ["no object"],
    onSome: ({ snapshot }) =>
      snapshot.groups.flatMap(({ groupId, topics }) =>
        topics.length === 0 ?
          [groupId] :
          topics.flatMap(({ partitions, topic }) =>
            partitions.map(({ offset, partition }) => `${groupId} ${topic}-${partition}=${offset}`)
          )
      )
  }))

export const mainFacts = Effect.map(
  readMain(location),
  (found) => Option.getOrUndefined(Option.map(found, ({ snapshot }) => snapshot.facts))
)

/** Minutes after `start` at which each entry was taken, `held` behind those that were held. */
export const historyMinutes = (start: number) =>
  Effect.flatMap(
    listHistory(location),
    Effect.forEach((entry) =>
      Effect.map(historyFacts(entry), ({ held }) =>
        `${Math.floor((entry.takenAtMs - start) / minute)}${held ? " held" : ""}`)
    )
  )

/** A time such as backups see it. */
export const setTheClock = Effect.zipRight(
  TestClock.setTime(Date.UTC(2026, 10, 22, 20)),
  Clock.currentTimeMillis
)
