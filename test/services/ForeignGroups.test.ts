import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ForeignSchema } from "../../services/ForeignSchema.ts"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { groupReaderSchema, groupSchema } from "../../src/codec/GroupFile.ts"
import { avscType } from "../support/AvscReader.ts"

const readerOf = (schema: string) =>
  Effect.flatMap(ForeignSchema, (foreign) => foreign.groupReader(schema)).pipe(
    Effect.provide(ForeignSchemaLayer)
  )

/** The schema with other fields of a position. */
const withPosition = (fields: ReadonlyArray<object>) =>
  JSON.stringify(
    JSON.parse(groupSchema),
    (_, value) =>
      value !== null && typeof value === "object" && "name" in value &&
        String(value.name).endsWith("PartitionOffset")
        ? { ...value, fields }
        : value
  )

const max = 2n ** 63n - 1n

const group = (positions: ReadonlyArray<object>) => ({
  group_id: "billing",
  topics: [{ topic: "orders", partitions: positions }]
})

const read = (schema: string, ...positions: ReadonlyArray<object>) =>
  Effect.gen(function*() {
    const block = avscType(schema).toBuffer(group(positions))
    const groups = yield* (yield* readerOf(schema))(block, 1)
    return groups[0]?.topics[0]?.partitions
  })

describe("ForeignSchema for consumer groups", () => {
  it.effect("reads int64 offsets exactly, and null for what is not known", () =>
    Effect.gen(function*() {
      const positions = yield* read(
        groupSchema,
        { partition: 1, offset: max, leader_epoch: -1, metadata: "" },
        { partition: 0, offset: 2n ** 53n + 1n, leader_epoch: 0, metadata: "m\0" }
      )
      assert.deepStrictEqual(positions, [
        { partition: 0, offset: 2n ** 53n + 1n, leaderEpoch: 0, metadata: "m\0" },
        { partition: 1, offset: max, leaderEpoch: null, metadata: null }
      ])
    }))

  it.effect("reads fewer fields, more, and others that Avro can turn into these", () =>
    Effect.gen(function*() {
      const few = withPosition([
        { name: "offset", type: "int" },
        { name: "consumer", type: { type: "map", values: "bytes" } },
        { name: "partition", type: "int" }
      ])
      assert.deepStrictEqual(yield* read(few, { offset: 7, consumer: {}, partition: 3 }), [
        { partition: 3, offset: 7n, leaderEpoch: null, metadata: null }
      ])
      const plain = withPosition([
        { name: "partition", type: "int" },
        { name: "offset", type: "long" },
        { name: "leader_epoch", type: "int" },
        { name: "metadata", type: ["string", "null"] }
      ])
      const position = { partition: 3, offset: 7n, leader_epoch: 2, metadata: "m" }
      assert.deepStrictEqual(yield* read(plain, position), [
        { partition: 3, offset: 7n, leaderEpoch: 2, metadata: "m" }
      ])
      assert.isDefined(yield* readerOf(groupReaderSchema))
    }))

  it.effect("refuses positions that cannot be, by name", () =>
    Effect.gen(function*() {
      const position = { partition: 0, offset: 5n, leader_epoch: null, metadata: null }
      const wrong = [
        [[position, position], /group billing: orders\/0 has two positions/],
        [[{ ...position, offset: -1n }], /group billing: orders\/0 has the offset -1/],
        [[{ ...position, partition: -1 }], /group billing: orders .* partition -1/]
      ] as const
      for (const [positions, why] of wrong) {
        const error = yield* Effect.flip(read(groupSchema, ...positions))
        assert.strictEqual(error.reason, "Corrupt")
        assert.match(error.message, why)
      }
    }))

  it.effect("refuses schemas of other things, and blocks that do not hold what they say", () =>
    Effect.gen(function*() {
      for (const schema of ["\"bytes\"", "{", groupSchema.replace("\"offset\"", "\"position\"")]) {
        const error = yield* Effect.flip(readerOf(schema))
        assert.strictEqual(error.reason, "Unsupported")
        assert.match(error.message, /cannot be read as consumer groups/)
      }
      const reader = yield* readerOf(groupSchema)
      const block = avscType(groupSchema).toBuffer(group([]))
      for (const [bytes, count] of [[block, 0], [block, 2], [block.subarray(1), 1]] as const) {
        assert.strictEqual((yield* Effect.flip(reader(bytes, count))).reason, "Corrupt")
      }
    }))
})
