import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription
} from "../../src/codec/kafka/ConsumerProtocol.ts"
import { WireWriter } from "../../src/codec/kafka/WireWriter.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"

const partition = fc.record({
  topic: fc.stringMatching(/^[a-zé.-]{1,9}$/),
  partition: fc.nat(0x7fffffff)
})
const partitions = fc.uniqueArray(partition, { selector: topicPartitionName, maxLength: 30 })
const names = (all: Parameters<typeof encodeAssignment>[0]) => all.map(topicPartitionName).sort()

/** Topics a and b, then the user data, as every version begins. */
const subscription = (version: number, userData: Buffer | null, rest?: (w: WireWriter) => void) => {
  const writer = new WireWriter()
  writer.int16(version)
  writer.array(["a", "b"], (topic) => writer.string(topic))
  if (userData === null) writer.int32(-1)
  else writer.byteArray(userData)
  rest?.(writer)
  return writer.bytes()
}
const owned = (writer: WireWriter) =>
  writer.array([[1, 4]], (numbers) => {
    writer.string("a")
    writer.array(numbers, (number) => writer.int32(number))
  })
const mine = [{ topic: "a", partition: 1 }, { topic: "a", partition: 4 }]
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

describe("ConsumerProtocol", () => {
  it("reads back what it wrote", () => {
    fc.assert(fc.property(
      fc.uniqueArray(fc.stringMatching(/^[a-zé.-]{1,9}$/)),
      partitions,
      fc.integer({ min: -1, max: 0x7fffffff }),
      (topics, mine, generation) => {
        const read = decodeSubscription(encodeSubscription({ topics, owned: mine, generation }))
        assert.deepStrictEqual(read.topics, [...topics].sort())
        assert.deepStrictEqual(names(read.owned), names(mine))
        assert.strictEqual(read.generation, generation)
        assert.deepStrictEqual(names(decodeAssignment(encodeAssignment(mine))), names(mine))
      }
    ))
  })

  it("writes the same bytes whatever the order of what it is given", () => {
    const topics = ["b", "a"]
    assert.deepStrictEqual(
      encodeSubscription({ topics, owned: mine.toReversed(), generation: 3 }),
      encodeSubscription({ topics: ["a", "b"], owned: mine, generation: 3 })
    )
  })

  it("writes version 3 byte for byte", () => {
    assert.strictEqual(
      encodeSubscription({ topics: ["a"], owned: [{ topic: "a", partition: 2 }], generation: 7 })
        .toString("hex"),
      "0003 00000001 0001 61 00000004 00000007 "
        .concat("00000001 0001 61 00000001 00000002 00000007 ffff")
        .replaceAll(" ", "")
    )
    assert.strictEqual(
      encodeAssignment([{ topic: "a", partition: 2 }]).toString("hex"),
      "0000 00000001 0001 61 00000001 00000002 ffffffff".replaceAll(" ", "")
    )
  })

  it("reads version 0 without user data", () => {
    assert.deepStrictEqual(decodeSubscription(subscription(0, null)), {
      topics: ["a", "b"],
      owned: [],
      generation: -1
    })
  })

  it("takes the generation of version 1 from Java's user data", () => {
    assert.deepStrictEqual(decodeSubscription(subscription(1, int32(9), owned)), {
      topics: ["a", "b"],
      owned: mine,
      generation: 9
    })
  })

  it("takes partitions and generation from franz-go's user data where the version has no place", () => {
    const userData = new WireWriter()
    owned(userData)
    userData.int32(5)
    const expected = { topics: ["a", "b"], owned: mine, generation: 5 }
    assert.deepStrictEqual(decodeSubscription(subscription(0, userData.bytes())), expected)
    assert.deepStrictEqual(decodeSubscription(subscription(1, userData.bytes(), owned)), expected)
    assert.deepStrictEqual(decodeSubscription(subscription(1, userData.bytes())), expected)
  })

  it("prefers the subscription's own generation, and skips what newer versions add", () => {
    const newer = subscription(9, int32(1), (writer) => {
      owned(writer)
      writer.int32(12)
      writer.string("rack-1")
      writer.int32(4711)
    })
    assert.deepStrictEqual(decodeSubscription(newer), {
      topics: ["a", "b"],
      owned: mine,
      generation: 12
    })
  })

  it("ignores user data that is neither dialect", () => {
    const junk = Buffer.from("000000ff00", "hex")
    assert.strictEqual(decodeSubscription(subscription(0, junk)).generation, -1)
  })

  it("refuses bytes that end inside a field", () => {
    const whole = subscription(1, null, owned)
    assert.throws(() => decodeSubscription(whole.subarray(0, whole.length - 2)))
  })

  it("reads no bytes as no assignment, and an assignment of a newer version", () => {
    assert.deepStrictEqual(decodeAssignment(Buffer.alloc(0)), [])
    const bytes = encodeAssignment(mine)
    bytes.writeInt16BE(3, 0)
    assert.deepStrictEqual(decodeAssignment(Buffer.concat([bytes, Buffer.from([1])])), mine)
  })
})
