import { assert, describe, it } from "@effect/vitest"
import {
  decodeResponse,
  encodeRequest,
  setCorrelationId,
  throttleMs
} from "../../../src/codec/kafka/Api.ts"
import { describeTopicConfigs } from "../../../src/codec/kafka/DescribeConfigs.ts"
import { describeGroups, groupRights } from "../../../src/codec/kafka/DescribeGroups.ts"
import { describeLogDirs } from "../../../src/codec/kafka/DescribeLogDirs.ts"
import { fetch } from "../../../src/codec/kafka/Fetch.ts"
import { findCoordinator } from "../../../src/codec/kafka/FindCoordinator.ts"
import { listGroups } from "../../../src/codec/kafka/ListGroups.ts"
import { listOffsets } from "../../../src/codec/kafka/ListOffsets.ts"
import { metadata, topicRights } from "../../../src/codec/kafka/Metadata.ts"
import { offsetForLeaderEpoch } from "../../../src/codec/kafka/OffsetForLeaderEpoch.ts"
import { answer, ours, payloadOf, truth } from "./wireTruth.ts"

const topic = "orders"

describe("requests that read, byte for byte as the Java client", () => {
  it("Metadata", () => {
    assert.strictEqual(ours(metadata, { topics: undefined }), truth("metadata.all"))
    assert.strictEqual(ours(metadata, { topics: ["orders", "größe"] }), truth("metadata.some"))
    const read = answer(metadata, "metadata.answer")
    assert.deepStrictEqual(read.brokers, [
      { nodeId: 1, host: "broker-1", port: 9092, rack: "a" },
      { nodeId: 2, host: "::1", port: 9093, rack: null }
    ])
    assert.strictEqual(read.clusterId, "MkU3OEVBNTcwNTJENDM2Qg")
    assert.strictEqual(read.controllerId, 2)
    assert.deepStrictEqual(
      read.topics.map(({ error, internal, topic }) => [topic, internal, error]),
      [
        ["orders", false, undefined],
        ["missing", false, "UNKNOWN_TOPIC_OR_PARTITION"],
        ["__consumer_offsets", true, undefined]
      ]
    )
    assert.strictEqual(read.topics[0]?.topicId, "dFKCFU4hRMGow8wJb-FLvA")
    assert.deepStrictEqual(read.topics[0]?.partitions, [
      { partition: 0, leader: 1, leaderEpoch: 3, replicas: [1, 2], error: undefined },
      { partition: 1, leader: -1, leaderEpoch: 7, replicas: [2], error: "LEADER_NOT_AVAILABLE" }
    ])
  })

  it("OffsetForLeaderEpoch", () => {
    const question = { topic, partition: 3, leaderEpoch: 5, currentLeaderEpoch: 7 }
    assert.strictEqual(ours(offsetForLeaderEpoch, [question]), truth("offsetForLeaderEpoch"))
    assert.deepStrictEqual(answer(offsetForLeaderEpoch, "offsetForLeaderEpoch.answer"), [
      { topic, partition: 3, leaderEpoch: 4, endOffset: 9_007_199_254_740_993n, error: undefined },
      { topic, partition: 5, leaderEpoch: -1, endOffset: -1n, error: "FENCED_LEADER_EPOCH" }
    ])
  })

  it("Fetch", () => {
    const partitions = [
      { topic, partition: 0, offset: 9_007_199_254_740_993n, maxBytes: 1_048_576, leaderEpoch: 3 },
      { topic: "clicks", partition: 2, offset: 8n, maxBytes: 1000, leaderEpoch: -1 },
      { topic, partition: 4, offset: 0n, maxBytes: 1000, leaderEpoch: -1 }
    ]
    const limits = { maxWaitMs: 500, minBytes: 1, maxBytes: 33_554_432 }
    const isolation = "read_committed"
    assert.strictEqual(ours(fetch, { partitions, ...limits, isolation }), truth("fetch"))
    assert.deepStrictEqual(answer(fetch, "fetch.answer"), {
      throttleMs: 17,
      error: undefined,
      sessionId: 0,
      partitions: [
        {
          topic,
          partition: 0,
          error: undefined,
          highWatermark: 30n,
          lastStableOffset: 20n,
          logStartOffset: 10n,
          aborted: [{ producerId: 7n, firstOffset: 12n }],
          records: Buffer.from([1, 2, 3])
        },
        {
          topic,
          partition: 4,
          error: "OFFSET_OUT_OF_RANGE",
          highWatermark: -1n,
          lastStableOffset: -1n,
          logStartOffset: -1n,
          aborted: [],
          records: Buffer.alloc(0)
        }
      ]
    })
    assert.strictEqual(throttleMs(fetch, payloadOf(fetch, "fetch.answer")), 17)
  })

  it("Fetch in a session: what is new, and what is to be forgotten", () => {
    const limits = { minBytes: 1, maxBytes: 33_554_432, isolation: "read_committed" } as const
    const id = 1_234_567
    const partitions = [{ topic, partition: 4, offset: 17n, maxBytes: 1000, leaderEpoch: 2 }]
    const forgotten = [
      { topic, partition: 1 },
      { topic: "clicks", partition: 0 },
      { topic, partition: 2 }
    ]
    const session = { id, epoch: 8, forgotten }
    const request = { partitions, session, maxWaitMs: 500, ...limits }
    assert.strictEqual(ours(fetch, request), truth("fetch.session"))
    const end = { id, epoch: -1, forgotten: [] }
    assert.strictEqual(
      ours(fetch, { partitions: [], session: end, maxWaitMs: 0, ...limits }),
      truth("fetch.session.end")
    )
    assert.deepStrictEqual(
      answer(fetch, "fetch.session.answer"),
      { throttleMs: 0, error: undefined, sessionId: id, partitions: [] }
    )
    assert.deepStrictEqual(
      answer(fetch, "fetch.session.unknown"),
      { throttleMs: 3, error: "FETCH_SESSION_ID_NOT_FOUND", sessionId: 0, partitions: [] }
    )
  })

  it("Fetch: records are views of the answer", () => {
    const payload = payloadOf(fetch, "fetch.answer")
    const before = answer(fetch, "fetch.answer").partitions[0]?.records
    assert.strictEqual(before?.buffer.byteLength === 3, false)
    assert.isAbove(payload.indexOf(before ?? ""), 0)
  })

  it("ListOffsets", () => {
    const partitions = [{ topic, partition: 3 }]
    assert.strictEqual(ours(listOffsets, { partitions, at: "stable" }), truth("listOffsets"))
    assert.deepStrictEqual(answer(listOffsets, "listOffsets.answer"), [
      {
        topic,
        partition: 3,
        offset: 9_007_199_254_740_993n,
        leaderEpoch: 6,
        error: undefined
      },
      { topic, partition: 5, offset: -1n, leaderEpoch: -1, error: "NOT_LEADER_OR_FOLLOWER" }
    ])
  })

  it("FindCoordinator", () => {
    const request = { kind: "transaction", key: "g" } as const
    assert.strictEqual(ours(findCoordinator, request), truth("findCoordinator"))
    const { host, nodeId, port } = answer(findCoordinator, "findCoordinator.answer")
    assert.deepStrictEqual({ host, nodeId, port }, { host: "broker-3", nodeId: 3, port: 9092 })
  })

  it("ListGroups", () => {
    assert.strictEqual(ours(listGroups, undefined), truth("listGroups"))
    assert.deepStrictEqual(answer(listGroups, "listGroups.answer"), {
      error: undefined,
      groups: [
        { groupId: "größe", protocolType: "consumer", state: "Stable" },
        { groupId: "g", protocolType: "", state: "Empty" }
      ]
    })
    assert.strictEqual(throttleMs(listGroups, payloadOf(listGroups, "listGroups.answer")), 3)
    assert.deepStrictEqual(answer(listGroups, "listGroups.refused"), {
      error: "COORDINATOR_LOAD_IN_PROGRESS",
      groups: []
    })
  })

  it("DescribeGroups", () => {
    assert.strictEqual(ours(describeGroups, ["a", "größe"]), truth("describeGroups"))
    assert.deepStrictEqual(answer(describeGroups, "describeGroups.answer"), [
      { groupId: "a", error: "NOT_COORDINATOR" },
      { groupId: "größe", error: undefined },
      { groupId: "b", error: undefined }
    ])
  })

  it("DescribeConfigs", () => {
    const request = { topics: [topic], names: ["cleanup.policy"] }
    assert.strictEqual(ours(describeTopicConfigs, request), truth("describeConfigs"))
    assert.deepStrictEqual(answer(describeTopicConfigs, "describeConfigs.answer"), [
      {
        topic,
        error: undefined,
        detail: "",
        configs: { "cleanup.policy": "compact" },
        overrides: { "cleanup.policy": "compact" }
      },
      {
        topic: "missing",
        error: "UNKNOWN_TOPIC_OR_PARTITION",
        detail: "no such topic",
        configs: {},
        overrides: {}
      }
    ])
    assert.strictEqual(
      ours(describeTopicConfigs, { topics: ["t"], names: undefined }),
      "0000000102000174ffffffff00"
    )
  })

  it("DescribeConfigs tells overrides from what the broker has", () => {
    const entry = (name: string, source: string) =>
      "0001" + name + "00013100" + source + "0000000000"
    const payload = "00000000000000010000ffff0200017400000002" +
      entry("61", "01") + entry("62", "05")
    assert.deepStrictEqual(
      decodeResponse(describeTopicConfigs, Buffer.from(payload, "hex")),
      [{
        topic: "t",
        error: undefined,
        detail: "",
        configs: { a: "1", b: "1" },
        overrides: { a: "1" }
      }]
    )
  })
})

describe("requests that ask what is allowed and what is free", () => {
  it("Metadata with rights", () => {
    assert.strictEqual(ours(topicRights, { topics: [topic] }), truth("metadata.rights"))
    assert.deepStrictEqual(answer(topicRights, "metadata.rights.answer"), {
      cluster: new Set(["Create", "Describe"] as const),
      topics: [
        { topic, operations: new Set(["Read", "Describe"] as const) },
        { topic: "untold", operations: undefined }
      ]
    })
    assert.isUndefined(answer(topicRights, "metadata.rights.blind").cluster)
  })

  it("DescribeGroups with rights", () => {
    assert.strictEqual(ours(groupRights, ["a", "b"]), truth("describeGroups.rights"))
    assert.deepStrictEqual(answer(groupRights, "describeGroups.rights.answer"), [
      { groupId: "a", error: "GROUP_AUTHORIZATION_FAILED", operations: undefined },
      {
        groupId: "b",
        error: undefined,
        operations: new Set(["Read", "Delete", "Describe"] as const)
      }
    ])
  })

  it("DescribeLogDirs", () => {
    const partitions = [0, 2].map((partition) => ({ topic, partition }))
    assert.strictEqual(ours(describeLogDirs, partitions), truth("describeLogDirs"))
    assert.deepStrictEqual(answer(describeLogDirs, "describeLogDirs.answer"), {
      error: undefined,
      dirs: [
        { error: undefined, path: "/data", usableBytes: 800n, topics: [{ topic, bytes: 75n }] },
        { error: "KAFKA_STORAGE_ERROR", path: "/gone", usableBytes: -1n, topics: [] }
      ]
    })
    assert.strictEqual(
      answer(describeLogDirs, "describeLogDirs.refused").error,
      "CLUSTER_AUTHORIZATION_FAILED"
    )
  })
})

describe("the frame", () => {
  it("has size, header and correlation id, with tags where the API is flexible", () => {
    const frame = encodeRequest(metadata, "me", { topics: [] })
    setCorrelationId(frame, 0x01020304)
    const parts = ["00000012", "0003", "000a", "01020304", "00026d65", "00", "01", "00000000"]
    assert.strictEqual(Buffer.concat(frame).toString("hex"), parts.join(""))
  })
})
