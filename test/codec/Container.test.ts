import { assert, describe, it } from "@effect/vitest"
import { Effect, Either } from "effect"
import { Buffer } from "node:buffer"
import { archiveSchema } from "../../src/codec/AvroSchema.ts"
import { readContainer, scanContainer } from "../../src/codec/ContainerReader.ts"
import { containerHeader, newSync } from "../../src/codec/ContainerWriter.ts"
import { plainRecord } from "../support/Batches.ts"
import {
  archived,
  chunked,
  dataBatch,
  decodeContainer,
  encodeBatches,
  recordsOf,
  someFacts,
  writeContainer
} from "../support/Containers.ts"

const batch = dataBatch(
  Array.from({ length: 9 }, (_, offsetDelta) =>
    plainRecord({
      offsetDelta,
      key: Buffer.from(`k${offsetDelta}`),
      headers: [[Buffer.from("h"), null], [Buffer.from("h"), Buffer.from([offsetDelta])]]
    })),
  { baseOffset: 1000n }
)
const expected = archived(batch)
const blocks = encodeBatches([batch], 200)
const form = (records: ReturnType<typeof recordsOf>) =>
  records.map((record) =>
    JSON.stringify(record, (_, value) => typeof value === "bigint" ? `${value}` : value)
  )
const expectedForm = form(expected)

const headerOf = (bytes: Buffer) =>
  Effect.scoped(Effect.map(readContainer(chunked(bytes)), ({ header }) => header))

describe("container", () => {
  it("has a random sync marker of 16 bytes", () => {
    assert.strictEqual(newSync().length, 16)
    assert.notDeepEqual(newSync(), newSync())
  })

  it.effect("says what it is in its header", () =>
    Effect.gen(function*() {
      const sync = newSync()
      const bytes = containerHeader({ facts: someFacts, sync })
      const header = yield* headerOf(bytes)
      assert.strictEqual(header.schema, archiveSchema)
      assert.strictEqual(header.layout, "ours")
      assert.strictEqual(header.codec, "zstandard")
      assert.strictEqual(header.size, bytes.length)
      assert.deepStrictEqual(header.facts, someFacts)
      assert.deepStrictEqual(header.sync, sync)
      assert.strictEqual((yield* scanContainer(chunked(bytes))).blocks, 0)
    }))

  it.effect("is cut at the last whole block, wherever it ends", () =>
    Effect.gen(function*() {
      const whole = yield* writeContainer(blocks)
      assert.isAtLeast(blocks.length, 3)
      const headerSize = (yield* headerOf(whole)).size
      const ends = yield* Effect.forEach(
        blocks.map((_, index) => blocks.slice(0, index + 1)),
        (some) => Effect.map(writeContainer(some), (bytes) => bytes.length)
      )
      for (let length = 0; length <= whole.length; length++) {
        const bytes = whole.subarray(0, length)
        const scan = yield* Effect.either(scanContainer(chunked(bytes, 333)))
        if (length < headerSize) {
          assert.isTrue(Either.isLeft(scan) && scan.left.reason === "Truncated", `${length}`)
          continue
        }
        const wholeBytes = ends.findLast((end) => end <= length) ?? headerSize
        const found = Either.getOrThrow(scan)
        assert.strictEqual(found.wholeBytes, wholeBytes)
        assert.strictEqual(found.torn, wholeBytes < length)
        assert.strictEqual(found.blocks, ends.filter((end) => end <= length).length)
        const read = yield* Effect.either(decodeContainer(bytes))
        assert.strictEqual(
          Either.isLeft(read) ? read.left.reason : "",
          found.torn ? "Truncated" : ""
        )
      }
    }))

  it.effect("never yields another record when a byte is damaged", () =>
    Effect.gen(function*() {
      const whole = yield* writeContainer(blocks)
      let unharmed = 0
      for (let position = 0; position < whole.length; position++) {
        const bytes = Buffer.from(whole)
        bytes[position]! ^= 1 << (position % 8)
        const read = yield* Effect.either(
          Effect.flatMap(decodeContainer(bytes), (found) =>
            Effect.try({ try: () => recordsOf(found), catch: () => "damaged" as const }))
        )
        if (Either.isLeft(read)) {
          continue
        }
        unharmed++
        assert.deepStrictEqual(form(read.right), expectedForm, `byte ${position}`)
      }
      // Damage in names, docs and facts of the header does not touch records.
      assert.isBelow(unharmed, (yield* headerOf(whole)).size)
    }), 60_000)

  it.effect("refuses what is no container", () =>
    Effect.gen(function*() {
      for (const text of ["", "Ob", "Obj\x02", "Obk", "hello world, this is not Avro"]) {
        const error = yield* Effect.flip(headerOf(Buffer.from(text, "latin1")))
        const short = text === "" || text === "Ob"
        assert.strictEqual(error.reason, short ? "Truncated" : "Corrupt")
      }
    }))

  it.effect("refuses an unknown codec by name", () =>
    Effect.gen(function*() {
      const bytes = Buffer.from(
        containerHeader({ facts: someFacts, sync: newSync() }).toString("latin1")
          .replace("zstandard", "lzma12345"),
        "latin1"
      )
      const error = yield* Effect.flip(headerOf(bytes))
      assert.strictEqual(error.reason, "Unsupported")
      assert.include(error.message, "lzma12345")
    }))
})
