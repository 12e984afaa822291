/** All that is in the way of a restore is named in one run, on a cluster with rights for some. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Secure, SecureStackLayer } from "../../dev/stack/SecureStack.ts"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { runTool } from "../../dev/stack/Tool.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { Kafka } from "../../services/Kafka.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { settingsFor } from "../support/RealKafka.ts"
import { putIntoBucket } from "../support/records/ArchiveView.ts"
import { unique } from "../support/SharedStack.ts"

/** Without a login, and with all rights. */
const Witness = Layer.unwrapEffect(
  Effect.map(StackAddresses, ({ internalBrokers }) => KafkaLayer(settingsFor(internalBrokers)))
)

const Live = Layer.provideMerge(
  Layer.mergeAll(TruthLayer, BundleLayer("restore-preflight"), Witness),
  SecureStackLayer({})
)

const Report = Schema.parseJson(Schema.Struct({
  obstacles: Schema.Array(Schema.Struct({
    kind: Schema.String,
    topic: Schema.String,
    problem: Schema.String,
    remedy: Schema.String
  }))
}))

const anHourAgo = Date.now() - 3_600_000
const perTopic = 10

/** `change`: `--add --allow-principal` or `--add --deny-principal`, say. */
const acl = (change: ReadonlyArray<string>, rest: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { internalBrokers, libs } = yield* StackAddresses
    const { username } = yield* Secure
    const tool = ["-cp", `${libs}/*`, "org.apache.kafka.tools.AclCommand"]
    const to = ["--bootstrap-server", internalBrokers, "--force"]
    yield* runTool("acls", "java", [...tool, ...to, ...change, `User:${username}`, ...rest])
  })

const operations = (names: ReadonlyArray<string>) => names.flatMap((name) => ["--operation", name])

const allow = ["--add", "--allow-principal"]

/** For who has no rights but those given. */
const login = Effect.map(Secure, ({ ca, password, username }) => ({
  KAFKA_TLS: "true",
  KAFKA_MTLS_CA_CERT_PATH: ca,
  KAFKA_SASL_MECHANISM: "PLAIN",
  KAFKA_SASL_USERNAME: username,
  KAFKA_SASL_PASSWORD: password
}))

const snapshotTime = "20990101T000000.000Z"

/** Topics of two partitions with old records, backed up with a group by who may do all. */
const archived = (place: Workplace, topics: ReadonlyArray<string>, group: string) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const { internalBrokers } = yield* StackAddresses
    const asAll = { KAFKA_BROKERS: internalBrokers }
    yield* truth.createTopics(topics.map((topic) => ({ topic, partitions: 2 })))
    yield* truth.produce(topics.flatMap((topic) =>
      Array.from({ length: perTopic }, (_, at) => ({
        topic,
        partition: at % 2,
        value: { size: 2000, seed: at },
        timestamp: anHourAgo + at
      }))
    ))
    yield* truth.commitGroup(group, [{ topic: topics[0] ?? "", partition: 0, offset: 3 }])
    const backup = ["topics-backup", "-topics-regex", topics.map((t) => `^${t}$`).join(",")]
    const location = `${unique("groups")}.avro`
    for (
      const args of [
        [...backup, "-once", "-working-dir", place.file("buffer")],
        ["consumer-groups-backup", "-s3-location", location, "-once"]
      ]
    ) {
      const { code, stderr } = yield* place.finish(args, asAll)
      assert.strictEqual(code, 0, stderr)
    }
    return location
  })

/** As a backup of a larger cluster would have kept it. */
const defined = (place: Workplace, topic: string) =>
  putIntoBucket([{
    key: `${place.prefix}.meta/topics/${snapshotTime}.json`,
    bytes: Buffer.from(JSON.stringify({
      version: 1,
      clusterId: "larger",
      takenAt: "2099-01-01T00:00:00.000Z",
      topics: [{
        topic,
        topicId: "AAAAAAAAAAAAAAAAAAAAAA",
        partitions: 2,
        replicationFactor: 3,
        configs: { "min.insync.replicas": "2" }
      }]
    }))
  }])

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("before a restore", (it) => {
  it.scoped(
    "all that is in the way is named together, and each answer is taken",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const place = yield* workplace
        const [closed, large, missing, old] = ["closed", "large", "missing", "old"].map(unique)
        const group = unique("readers")
        const topics = [old, closed, large, missing].flatMap((topic) => topic ?? [])
        const location = yield* archived(place, topics, group)
        yield* defined(place, missing ?? "")
        const prefix = `${unique("back")}.`
        const target = (topic: string | undefined) => `${prefix}${topic}`
        yield* truth.createTopics([
          { topic: target(closed), partitions: 2 },
          { topic: target(large), partitions: 2, configs: { "max.message.bytes": "1000" } },
          { topic: target(old), partitions: 2, configs: { "retention.ms": "1000" } }
        ])
        const prefixed = ["--topic", prefix, "--resource-pattern-type", "prefixed"]
        const needed = ["Read", "Write", "DescribeConfigs", "AlterConfigs", "Create"]
        yield* acl(allow, [...operations(needed), ...prefixed])
        yield* acl(["--add", "--deny-principal"], [
          ...operations(["Write"]),
          "--topic",
          target(closed)
        ])
        const args = [
          "restore",
          "-restore-topics-regex",
          topics.map((topic) => `^${topic}$`).join(","),
          "-restore-topic-prefix",
          prefix,
          "-s3-location",
          location,
          "-exclude-groups-regexes",
          `^${place.group}$`,
          "-create-topics",
          "-output",
          "json"
        ]
        const env = yield* login

        const refused = yield* place.finish(args, env)
        assert.strictEqual(refused.code, 1, refused.stderr)
        const { obstacles } = yield* Schema.decode(Report)(refused.stdout)
        assert.sameMembers(obstacles.map(({ kind, topic }) => `${kind} ${topic}`), [
          `retention ${target(old)}`,
          `rights ${target(closed)}`,
          `size ${target(large)}`,
          `missing ${target(missing)}`,
          `replicas ${target(missing)}`,
          `rights group ${group}`
        ])
        const problems = new Map(obstacles.map((each) => [`${each.kind} ${each.topic}`, each]))
        assert.include(
          problems.get(`missing ${target(missing)}`)?.problem,
          "its source had 3 replicas, there can be 1"
        )
        assert.strictEqual(
          problems.get(`replicas ${target(missing)}`)?.remedy,
          "-topic-config min.insync.replicas=1"
        )
        assert.include(problems.get(`rights ${target(closed)}`)?.remedy, "--operation Write")
        assert.include(refused.stderr, "whether the disks of the brokers have room is not known")
        const kafka = yield* Kafka
        const { topics: there } = yield* kafka.metadata([target(missing)])
        assert.strictEqual(there[0]?.error, "UNKNOWN_TOPIC_OR_PARTITION")

        // Each remedy as it is said, or the option that answers.
        yield* acl(["--remove", "--deny-principal"], [
          ...operations(["Write"]),
          "--topic",
          target(closed)
        ])
        yield* acl(allow, [...operations(["Read"]), "--group", group])
        yield* truth.alterTopic(target(large), { "max.message.bytes": "5000" })
        const done = yield* place.finish(
          [...args, "-hold-retention", "-topic-config", "min.insync.replicas=1"],
          env
        )
        assert.strictEqual(done.code, 0, done.stdout + done.stderr)
        const overrides = yield* kafka.topicOverrides([target(old)])
        assert.deepStrictEqual(overrides.get(target(old)), { "retention.ms": "1000" })
        const positions = yield* truth.groupOffsets(group)
        assert.isTrue(positions.some(({ topic }) => topic === target(old)))
        for (const topic of [closed, large, missing]) {
          assert.lengthOf(yield* truth.consume([target(topic)]), perTopic)
        }
      }),
    180_000
  )
})
