/** The built program backs up what groups of the Java client have committed. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { asOperated, failing, refused } from "../support/BadInput.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { manyGroups } from "../support/GroupArbitraries.ts"
import { keysUnder, putSnapshot, seenGroups } from "../support/GroupsInS3.ts"
import { metricNames } from "../support/MetricsText.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("groups-backup")).pipe(
  Layer.provideMerge(SharedStack)
)

const command = "consumer-groups-backup"

/** Groups of the Java client on a topic with three partitions, the last without data. */
const someGroups = Effect.gen(function*() {
  const truth = yield* Truth
  const topic = unique("orders")
  const [whole, half, outside] = [unique("whole"), unique("half"), unique("outside")]
  yield* truth.createTopics([{ topic, partitions: 3 }])
  yield* truth.produce([0, 1].map((partition) => ({ topic, partition, value: "00" })))
  yield* truth.commitGroup(whole, [
    { topic, partition: 0, offset: 1, leaderEpoch: 0, metadata: "host \u00e9" },
    { topic, partition: 1, offset: 0 },
    { topic, partition: 2, offset: 0 }
  ])
  yield* truth.commitGroup(half, [{ topic, partition: 1, offset: 1 }])
  yield* truth.commitGroup(outside, [{ topic, partition: 2, offset: 0 }])
  return { topic, whole, half, outside }
})

const position = (partition: number, offset: bigint) => ({
  partition,
  offset,
  leader_epoch: null,
  metadata: null
})

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })(command, (it) => {
  it.scoped("stores what the original can read, and keeps all of it", () =>
    Effect.gen(function*() {
      const { half, outside, topic, whole } = yield* someGroups
      const place = yield* workplace
      const location = `${place.prefix}/groups.avro`
      const { code, stderr } = yield* place.finish([command, "-s3-location", location, "-once"])
      assert.strictEqual(code, 0, stderr)
      const ours = (groups: Effect.Effect.Success<ReturnType<typeof seenGroups>>) =>
        [whole, half, outside].map((name) => groups.find(({ group_id }) => group_id === name))
      const first = { partition: 0, offset: 1n, leader_epoch: 0, metadata: "host \u00e9" }
      assert.deepStrictEqual(ours(yield* seenGroups(location)), [
        { group_id: whole, topics: [{ topic, partitions: [first, position(1, 0n)] }] },
        { group_id: half, topics: [{ topic, partitions: [position(1, 1n)] }] },
        { group_id: outside, topics: [] }
      ])
      const kept = yield* keysUnder(`${location}.history/`)
      assert.lengthOf(kept, 1)
      assert.match(kept[0] ?? "", /\.history\/\d{8}T\d{6}\.\d{3}Z\.avro$/)
      const second = position(2, 0n)
      assert.deepStrictEqual(ours(yield* seenGroups(kept[0] ?? "")), [
        { group_id: whole, topics: [{ topic, partitions: [first, position(1, 0n), second] }] },
        { group_id: half, topics: [{ topic, partitions: [position(1, 1n)] }] },
        { group_id: outside, topics: [{ topic, partitions: [second] }] }
      ])
      yield* place.finish([command, "-s3-location", location, "-once"])
      assert.deepStrictEqual(yield* keysUnder(`${location}.history/`), kept)
    }), 120_000)

  it.scoped("goes on until it is stopped, and shows its metrics", () =>
    Effect.gen(function*() {
      const { half, topic } = yield* someGroups
      const place = yield* workplace
      const location = `${place.prefix}/groups.avro`
      const args = [command, "--s3-location", location, "--run-interval=1s"]
      const backup = yield* place.run([...args, "--history-interval=0"])
      yield* backup.said("snapshot stored")
      const truth = yield* Truth
      yield* truth.commitGroup(half, [{ topic, partition: 1, offset: 0 }])
      yield* backup.until(
        "the commit is not stored",
        Effect.map(Effect.orDie(seenGroups(location)), (groups) =>
          groups.find(({ group_id }) =>
            group_id === half
          )?.topics[0]?.partitions[0]?.offset === 0n)
      )
      assert.includeMembers(
        [...metricNames(yield* backup.metrics)],
        ["groups", "partitions", "failed_groups", "duration_seconds", "last_good_age_seconds"]
          .map((name) => `kafka_data_keep_consumergroups_backup_${name}`)
      )
      assert.isAtLeast(yield* backup.metric("kafka_data_keep_consumergroups_backup_groups"), 3)
      assert.strictEqual((yield* backup.stop("SIGTERM")).code, 0)
      assert.deepStrictEqual(yield* keysUnder(`${location}.history/`), [])
    }), 120_000)

  it.scoped(
    "exits with 1 when the snapshot may not replace the one before",
    () =>
      Effect.gen(function*() {
        yield* someGroups
        const place = yield* workplace
        const { clusterId } = yield* StackAddresses
        const location = `${place.prefix}/groups.avro`
        const args = [command, "-s3-location", location, "-once"]
        const facts = { clusterId, takenAtMs: Date.now() - 60_000, complete: true, held: false }
        const groups = manyGroups(20_000)
        yield* putSnapshot(location, { facts, groups })
        const held = yield* failing(place, args)
        assert.include(held.stderr, "replace it at once with -shrink-hold 0")
        assert.lengthOf(yield* seenGroups(location), groups.length)
        assert.lengthOf(yield* keysUnder(`${location}.history/`), 1)
        yield* putSnapshot(location, { facts: { ...facts, clusterId: "another" }, groups: [] })
        const other = yield* failing(place, args)
        assert.include(other.stderr, "is of cluster another, this is cluster")
        const allowed = yield* place.finish([...args, "-allow-other-cluster"])
        assert.strictEqual(allowed.code, 0, allowed.stderr)
      }),
    120_000
  )

  it.scoped(
    "refuses to start without a location, and with one that is a folder",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const none = yield* place.finish([command])
        assert.strictEqual(none.code, 2)
        assert.include(none.stderr, "-s3-location [env S3_LOCATION]")
        const folder = yield* place.finish([command, "-s3-location", "groups/"])
        assert.strictEqual(folder.code, 2)
        assert.include(folder.stderr, "invalid value \"groups/\" for -s3-location")
      }),
    60_000
  )

  it.scoped(
    "exits with 1 at once when Kafka or the bucket is not there, and makes a directory",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const args = [command, "-s3-location", `${place.prefix}/groups.avro`]
        const kafka = yield* refused(place, args, { KAFKA_BROKERS: "127.0.0.1:1" })
        assert.include(
          kafka,
          "Kafka cannot be reached: connect ECONNREFUSED 127.0.0.1:1; check -brokers"
        )
        const bucket = yield* refused(place, args, { S3_BUCKET: "nowhere" })
        assert.include(bucket, "there is no bucket nowhere")
        const stored = yield* place.finish(
          [command, "-s3-location", "groups.avro", "-once"],
          { ...asOperated, STORE: `file://${place.file("new directory")}`.replace(" ", "%20") }
        )
        assert.strictEqual(stored.code, 0, stored.stderr)
      }),
    120_000
  )
})
