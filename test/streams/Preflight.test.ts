import { assert, describe, it } from "@effect/vitest"
import type { TargetTopic } from "../../streams/preflight/Preflight.ts"
import { obstaclesOf } from "../../streams/preflight/Preflight.ts"
import type { SurveyedTopic } from "../../streams/preflight/Survey.ts"

const day = 86_400_000n
const now = 1_800_000_000_000n

const source: SurveyedTopic = {
  topic: "orders",
  partitions: new Set([0, 2]),
  partitionCount: 4,
  files: 2,
  bytes: 1000,
  largestPartition: 700,
  damages: [],
  records: 10,
  largestRecord: 500_000,
  minTimestamp: now - 30n * day,
  maxTimestamp: now + day
}

const partition = (at: number) => ({
  partition: at,
  leader: 1,
  leaderEpoch: 0,
  replicas: [1, 2],
  error: undefined
})

const target = (
  configs: Readonly<Record<string, string>> = {},
  changes: Partial<TargetTopic["metadata"]> = {}
): TargetTopic => ({
  metadata: {
    topic: "restored.orders",
    topicId: "",
    internal: false,
    error: undefined,
    partitions: [0, 1, 2].map(partition),
    ...changes
  },
  configs: {
    "cleanup.policy": "delete",
    "max.message.bytes": "1048588",
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": "9223372036854775807",
    "message.timestamp.after.max.ms": "9223372036854775807",
    "min.insync.replicas": "2",
    "retention.ms": "-1",
    ...configs
  }
})

const kindsOf = (found: TargetTopic | undefined, changes: Partial<SurveyedTopic> = {}) =>
  obstaclesOf("restored.orders", found, { ...source, ...changes }, now).map(({ kind }) => kind)

describe("what is in the way of a restore", () => {
  it("nothing, when the target is as it should be", () => {
    assert.deepStrictEqual(kindsOf(target()), [])
  })

  it("each that would stop it later", () => {
    const cases: ReadonlyArray<readonly [TargetTopic | undefined, ReadonlyArray<string>]> = [
      [undefined, ["missing"]],
      [target({}, { error: "UNKNOWN_TOPIC_OR_PARTITION", partitions: [] }), ["missing"]],
      [target({}, { error: "TOPIC_AUTHORIZATION_FAILED", partitions: [] }), ["rights"]],
      [target({}, { partitions: [0, 1].map(partition) }), ["partitions"]],
      [target({ "max.message.bytes": "500000" }), ["size"]],
      [target({ "message.timestamp.type": "LogAppendTime" }), ["timestamps"]],
      [target({ "message.timestamp.before.max.ms": String(29n * day) }), ["timestamps"]],
      [target({ "message.timestamp.before.max.ms": String(31n * day) }), []],
      [target({ "message.timestamp.after.max.ms": "3600000" }), ["timestamps"]],
      [target({ "min.insync.replicas": "3" }), ["replicas"]],
      [target({ "retention.ms": String(7n * day) }), ["retention"]],
      [target({ "retention.ms": String(31n * day) }), []],
      [target({ "retention.ms": String(7n * day), "cleanup.policy": "compact" }), []],
      [target({ "retention.bytes": "699" }), ["retention"]],
      [target({ "retention.bytes": "700" }), []],
      [target({ "retention.bytes": "-1" }), []],
      [target({ "retention.bytes": "699", "cleanup.policy": "compact" }), []]
    ]
    for (const [found, kinds] of cases) assert.deepStrictEqual(kindsOf(found), kinds)
  })

  it("all together, each with its remedy", () => {
    const found = obstaclesOf(
      "restored.orders",
      target({ "max.message.bytes": "1000", "retention.ms": "1000", "min.insync.replicas": "9" }),
      source,
      now
    )
    assert.deepStrictEqual(found.map(({ kind }) => kind), ["size", "replicas", "retention"])
    for (const { remedy, topic } of found) {
      assert.strictEqual(topic, "restored.orders")
      assert.include(remedy, "--entity-name restored.orders --add-config")
    }
  })

  it("nothing by times or sizes that the files, the original's, do not tell", () => {
    const silent = { largestRecord: 0, minTimestamp: undefined, maxTimestamp: undefined }
    const strict = target({
      "max.message.bytes": "1",
      "retention.ms": "1",
      "message.timestamp.before.max.ms": "1",
      "message.timestamp.after.max.ms": "1"
    })
    assert.deepStrictEqual(kindsOf(strict, silent), [])
  })
})
