import { assert, describe, it } from "@effect/vitest"
import { alterTopicConfigs } from "../../../src/codec/kafka/AlterConfigs.ts"
import { decodeResponse, encodeRequest, throttleMs } from "../../../src/codec/kafka/Api.ts"
import * as Offsets from "../../../src/codec/kafka/GroupOffsets.ts"
import * as Members from "../../../src/codec/kafka/Heartbeat.ts"
import * as Join from "../../../src/codec/kafka/JoinGroup.ts"
import { produce } from "../../../src/codec/kafka/Produce.ts"
import * as Producers from "../../../src/codec/kafka/Producers.ts"
import * as Topics from "../../../src/codec/kafka/Topics.ts"
import { answer, ours, payloadOf, truth } from "./wireTruth.ts"

const topic = "orders"
const timeoutMs = 30_000

describe("requests that write, byte for byte as the Java client", () => {
  it("Produce, with the batch as it is", () => {
    const batch = Buffer.from([9, 8, 7, 6])
    const request = { topic, partition: 2, batch, timeoutMs: 20_000 }
    assert.strictEqual(ours(produce, request), truth("produce"))
    assert.strictEqual(encodeRequest(produce, "me", request).at(-1), batch)
    assert.deepStrictEqual(answer(produce, "produce.answer"), {
      throttleMs: 12,
      partitions: [{
        topic,
        partition: 2,
        error: undefined,
        detail: "",
        baseOffset: 77n,
        logAppendTimeMs: 1_700_000_000_000n,
        logStartOffset: 5n
      }]
    })
    assert.strictEqual(throttleMs(produce, payloadOf(produce, "produce.answer")), 12)
    const [refused] = answer(produce, "produce.refused").partitions
    assert.strictEqual(refused?.error, "INVALID_TIMESTAMP")
    assert.strictEqual(refused?.detail, "too old")
  })

  it("InitProducerId, AddPartitionsToTxn, EndTxn", () => {
    const owner = { transactionalId: "tx", producerId: 9n, epoch: 4 }
    const init = { transactionTimeoutMs: 60_000 }
    assert.strictEqual(
      ours(Producers.initProducerId, { ...init, transactionalId: "tx" }),
      truth("initProducerId")
    )
    assert.strictEqual(
      ours(Producers.initProducerId, { ...init, transactionalId: null }),
      truth("initProducerId.idempotent")
    )
    assert.deepStrictEqual(answer(Producers.initProducerId, "initProducerId.answer"), {
      error: undefined,
      producerId: 9_007_199_254_740_993n,
      epoch: 4
    })
    const partitions = [{ topic, partition: 0 }, { topic, partition: 3 }]
    assert.strictEqual(
      ours(Producers.addPartitionsToTxn, { ...owner, partitions }),
      truth("addPartitionsToTxn")
    )
    assert.deepStrictEqual(answer(Producers.addPartitionsToTxn, "addPartitionsToTxn.answer"), [
      { topic, partition: 0, error: undefined },
      { topic, partition: 3, error: "TOPIC_AUTHORIZATION_FAILED" }
    ])
    assert.strictEqual(ours(Producers.endTxn, { ...owner, commit: false }), truth("endTxn"))
    assert.deepStrictEqual(answer(Producers.endTxn, "endTxn.answer"), {
      error: "INVALID_PRODUCER_EPOCH"
    })
  })

  it("CreateTopics, DeleteTopics, CreatePartitions", () => {
    const configs = { "cleanup.policy": "delete" }
    const topics = [{ topic, partitions: 6, replicationFactor: -1, configs }]
    assert.strictEqual(ours(Topics.createTopics, { topics, timeoutMs }), truth("createTopics"))
    assert.deepStrictEqual(answer(Topics.createTopics, "createTopics.answer"), [
      { topic, error: "TOPIC_ALREADY_EXISTS", detail: "it exists" }
    ])
    const both = { topics: ["a", "b"], timeoutMs }
    assert.strictEqual(ours(Topics.deleteTopics, both), truth("deleteTopics"))
    assert.deepStrictEqual(answer(Topics.deleteTopics, "deleteTopics.answer"), [
      { topic: "a", error: "UNKNOWN_TOPIC_OR_PARTITION", detail: "" }
    ])
    const more = { topic, total: 9, timeoutMs }
    assert.strictEqual(ours(Topics.createPartitions, more), truth("createPartitions"))
    assert.deepStrictEqual(answer(Topics.createPartitions, "createPartitions.answer"), [
      { topic, error: "INVALID_PARTITIONS", detail: "fewer" }
    ])
  })
})

describe("requests of groups, byte for byte as the Java client", () => {
  const member = { groupId: "g", generation: 4, memberId: "m" }

  it("JoinGroup, SyncGroup, Heartbeat, LeaveGroup", () => {
    const protocols = [{ name: "cooperative-sticky", metadata: Buffer.from([0, 1]) }]
    const join = {
      groupId: "g",
      memberId: "m",
      sessionTimeoutMs: 45_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: "consumer",
      protocols
    }
    assert.strictEqual(ours(Join.joinGroup, join), truth("joinGroup"))
    assert.deepStrictEqual(answer(Join.joinGroup, "joinGroup.answer"), {
      error: undefined,
      generation: 4,
      protocol: "cooperative-sticky",
      leaderId: "m",
      memberId: "m",
      members: [{ memberId: "m", metadata: Buffer.from([0, 1]) }]
    })
    const assignments = [{ memberId: "m", assignment: Buffer.from([5]) }]
    assert.strictEqual(ours(Join.syncGroup, { ...member, assignments }), truth("syncGroup"))
    assert.deepStrictEqual(
      answer(Join.syncGroup, "syncGroup.answer").assignment,
      Buffer.from([5, 6])
    )
    assert.strictEqual(ours(Members.heartbeat, member), truth("heartbeat"))
    assert.strictEqual(
      answer(Members.heartbeat, "heartbeat.answer").error,
      "REBALANCE_IN_PROGRESS"
    )
    assert.strictEqual(ours(Members.leaveGroup, member), truth("leaveGroup"))
    assert.strictEqual(answer(Members.leaveGroup, "leaveGroup.answer").error, "UNKNOWN_MEMBER_ID")
  })

  it("OffsetCommit and OffsetFetch", () => {
    const offsets = [
      { topic, partition: 1, offset: 99n, leaderEpoch: 2, metadata: "x" },
      { topic, partition: 2, offset: 5n, leaderEpoch: -1, metadata: null }
    ]
    assert.strictEqual(ours(Offsets.offsetCommit, { ...member, offsets }), truth("offsetCommit"))
    assert.deepStrictEqual(answer(Offsets.offsetCommit, "offsetCommit.answer"), [
      { topic, partition: 1, error: undefined },
      { topic, partition: 2, error: "ILLEGAL_GENERATION" }
    ])
    const groupId = "g"
    assert.strictEqual(
      ours(Offsets.offsetFetch, { groupId, partitions: undefined }),
      truth("offsetFetch.all")
    )
    assert.strictEqual(
      ours(Offsets.offsetFetch, { groupId, partitions: offsets }),
      truth("offsetFetch")
    )
    assert.deepStrictEqual(answer(Offsets.offsetFetch, "offsetFetch.answer"), {
      error: undefined,
      offsets: [
        { topic, partition: 1, offset: 99n, leaderEpoch: 2, metadata: "x", error: undefined },
        { topic, partition: 2, offset: -1n, leaderEpoch: -1, metadata: null, error: undefined }
      ]
    })
  })

  // Built by hand from the published schema of the request; a real broker answers it in the contract.
  it("IncrementalAlterConfigs", () => {
    const request = [{ topic: "t", configs: { a: "b" } }]
    assert.strictEqual(
      ours(alterTopicConfigs, request),
      "0000000102000174000000010001610000016200"
    )
    assert.strictEqual(
      ours(alterTopicConfigs, [
        { topic, configs: { "retention.ms": "-1", "retention.bytes": null } }
      ]),
      truth("alterConfigs")
    )
    const payload = "00000005000000020000ffff02000174002800026e6f02000175"
    assert.deepStrictEqual(decodeResponse(alterTopicConfigs, Buffer.from(payload, "hex")), [
      { topic: "t", error: undefined, detail: "" },
      { topic: "u", error: "INVALID_CONFIG", detail: "no" }
    ])
  })
})
