/** Brokers with quotas for our client id: they slow a backup and a restore, and do no more. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { StackLayer } from "../../dev/stack/Stack.ts"
import { compareRestored } from "../../dev/truth/Compare.ts"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archiveDifferences } from "../support/ArchiveWitness.ts"
import type { Command, Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { askForFlush, flushServer } from "../support/FlushClient.ts"
import type { PlannedArchive } from "../support/PlannedArchive.ts"
import { plannedArchive } from "../support/PlannedArchive.ts"
import { noise, someTopics } from "../support/SteadyProducer.ts"

/** Every program of ours has the same client id, so that others on the same broker would feel it. */
const Live = Layer.mergeAll(TruthLayer, BundleLayer("quotas")).pipe(
  Layer.provideMerge(StackLayer())
)

const clientId = "kafka-data-keep"

/** Bytes per second, until the scope ends. */
const withQuota = (quota: "producer_byte_rate" | "consumer_byte_rate", bytesPerSecond: number) =>
  Effect.flatMap(Truth, (truth) =>
    Effect.acquireRelease(
      truth.alterQuotas(clientId, { [quota]: bytesPerSecond }),
      () => Effect.orDie(truth.alterQuotas(clientId, { [quota]: null }))
    ))

const throttledSeconds = (command: Command) =>
  command.metric("kafka_data_keep_kafka_throttle_seconds_total")

/** That it is slower than it could be, and why. */
const saysSo = (command: Command) =>
  Effect.map(
    command.said("brokers throttle this client: a quota is set for it"),
    ({ level, throttled_ms: ms }) => {
      assert.strictEqual(level, "INFO")
      assert.isAbove(Number(ms), 0)
    }
  )

const restoresAll = Effect.fnUntraced(function*(place: Workplace, plan: PlannedArchive) {
  const truth = yield* Truth
  const restore = yield* place.run(plan.restore)
  yield* restore.said("everything planned so far is restored")
  assert.isAbove(yield* throttledSeconds(restore), 0)
  yield* saysSo(restore)
  assert.strictEqual((yield* restore.stop("SIGTERM")).code, 0)
  assert.deepStrictEqual(
    restore.log().filter(({ level }) => level === "WARN" || level === "ERROR"),
    []
  )
  const [source, target] = [yield* truth.consume(plan.names), yield* truth.consume(plan.targets)]
  assert.deepStrictEqual(compareRestored(source, target, plan.targetPrefix).slice(0, 20), [])
})

const hexBytes = (bytes: TrueRecord["value"]): number =>
  typeof bytes === "string" ? bytes.length / 2 : 0

const bytesOf = ({ headers, key, value }: TrueRecord): number =>
  headers.reduce(
    (sum, [name, bytes]) => sum + name.length + hexBytes(bytes),
    hexBytes(key) + hexBytes(value)
  )

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("with a quota", (it) => {
  it.scoped(
    "for reading, a backup is throttled, and its archive is whole",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const place = yield* workplace
        const { names, regex, topics } = yield* someTopics("quota", [3, 1])
        yield* withQuota("consumer_byte_rate", 40_000)
        // Small batches: one that is over the quota by itself is sent all the same.
        const records = (yield* truth.produce(noise(topics, 600), { "batch.size": "4000" })).length
        const backup = yield* place.run([
          "topics-backup",
          "-topics-regex",
          regex,
          "-working-dir",
          place.file("backup"),
          ...flushServer
        ])
        yield* backup.until(
          `${records} records are not buffered`,
          Effect.map(
            backup.metric("kafka_data_keep_buffered_records_total"),
            (count) => count >= records
          )
        )
        assert.isAbove(yield* throttledSeconds(backup), 0)
        yield* saysSo(backup)
        yield* askForFlush(backup)
        assert.strictEqual((yield* backup.stop("SIGTERM")).code, 0)
        assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
      }),
    180_000
  )

  it.scoped(
    "for writing, a restore is throttled, and each record is there once",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const archive = { partitions: [4, 2], rounds: 6, planPartitions: 2 }
        const plan = yield* plannedArchive(place, archive)
        yield* withQuota("producer_byte_rate", 15_000)
        yield* restoresAll(place, plan)
      }),
    180_000
  )

  it.scoped(
    "for reading, a restore of a long plan is throttled, and all of it is restored",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const place = yield* workplace
        // So many that each plan partition gets a small part of the plan.
        const plan = yield* plannedArchive(place, {
          partitions: [24],
          rounds: 3,
          planPartitions: 8
        })
        const planned = yield* truth.consume([plan.planTopic])
        const bytes = planned.reduce((sum, record) => sum + bytesOf(record), 0)
        // Brokers measure over ten seconds, and let nobody have a batch of more than that allows.
        yield* withQuota("consumer_byte_rate", Math.ceil(bytes / 10))
        yield* restoresAll(place, plan)
      }),
    180_000
  )
})
