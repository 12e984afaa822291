import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { ArchivedRecords } from "../../src/codec/ArchivedRecords.ts"
import type { DataBatch } from "../../src/codec/FetchedBatches.ts"
import { LoggedRecords } from "../../src/codec/LoggedRecords.ts"
import { RecordComparison } from "../../src/codec/RecordComparison.ts"
import { recordFilter } from "../../src/codec/RecordFilter.ts"
import type { PlainRecord } from "../support/Batches.ts"
import { plainRecord, plainRecords } from "../support/Batches.ts"
import {
  assembleBlocks,
  dataBatch,
  encodeBatches,
  sourceOffsetHeader
} from "../support/Containers.ts"
import { anyBatches } from "../support/RecordArbitraries.ts"

const name = Buffer.from(sourceOffsetHeader)
const everything = 2n ** 63n - 1n

const blockOf = (batches: ReadonlyArray<DataBatch>) => {
  const [block] = encodeBatches(batches)
  if (block === undefined) throw new Error("there is no record")
  return { records: block.bytes, layout: "ours" as const, recordCount: block.recordCount }
}

/** As restored into an empty partition. */
const restoredBatches = (batches: ReadonlyArray<DataBatch>): ReadonlyArray<DataBatch> => {
  let baseOffset = 0n
  const assembled = assembleBlocks(
    encodeBatches(batches).map(({ bytes, recordCount }) => ({ bytes, recordCount }))
  )
  return assembled.map(({ baseTimestamp, maxTimestamp, recordCount, records }) => {
    const { header } = dataBatch([], { baseOffset, baseTimestamp, maxTimestamp })
    baseOffset += BigInt(recordCount)
    return { header: { ...header, recordCount, lastOffsetDelta: recordCount - 1 }, records }
  })
}

const comparison = (archive: ReadonlyArray<DataBatch>, sourceHeader: Buffer | undefined) => {
  const sides = new RecordComparison({ sourceHeader, headersOfOriginal: undefined })
  const run = (log: ReadonlyArray<DataBatch>) => {
    const archived = new ArchivedRecords(blockOf(archive), undefined, -1n)
    const logged = new LoggedRecords(log, 0n, everything)
    assert.isTrue(archived.next())
    assert.isTrue(logged.next())
    return sides.run(archived, logged)
  }
  return { sides, run }
}

const three = [
  plainRecord({ offsetDelta: 0, key: Buffer.from("a") }),
  plainRecord({ offsetDelta: 1, headers: [[Buffer.from("h"), null], [Buffer.from("h"), name]] }),
  plainRecord({ offsetDelta: 2, value: Buffer.alloc(200, "v"), timestamp: 5n })
]

const change = (at: number, fields: Partial<PlainRecord>) => [
  dataBatch(three.map((record, index) => index === at ? { ...record, ...fields } : record))
]

describe("RecordComparison", () => {
  it("finds any records the same in their log, and where they are restored", () => {
    fc.assert(fc.property(anyBatches, (batches) => {
      const count = batches.reduce((sum, { header }) => sum + header.recordCount, 0)
      for (const restored of [false, true]) {
        const { run, sides } = comparison(batches, restored ? name : undefined)
        const log = restored ? restoredBatches(batches) : batches
        assert.deepStrictEqual(run(log), { archived: false, logged: false })
        assert.strictEqual(sides.records, count)
      }
    }))
  })

  it("finds any field of any record that is another one", () => {
    const anyChange = fc.tuple(
      anyBatches,
      fc.nat(),
      fc.nat(),
      fc.constantFrom("key" as const, "value" as const, "headers" as const, "timestamp" as const)
    )
    fc.assert(fc.property(anyChange, ([batches, atBatch, atRecord, field]) => {
      const index = atBatch % batches.length
      const batch = batches[index]!
      const records = plainRecords(batch)
      const chosen = atRecord % records.length
      const record = records[chosen]!
      const changed = {
        ...record,
        ...field === "timestamp"
          ? { timestamp: record.timestamp ^ 1n }
          : field === "headers"
          ? { headers: [...record.headers, [name, null] as const] }
          : { [field]: Buffer.concat([record[field === "key" ? "key" : "value"] ?? name, name]) }
      }
      const { baseOffset } = batch.header
      const other = batches.with(index, dataBatch(records.with(chosen, changed), { baseOffset }))
      const source = baseOffset + BigInt(record.offsetDelta)
      const same = batches.map((each) => dataBatch(plainRecords(each), each.header))
      const plain = same.with(index, dataBatch(records, { baseOffset }))
      assert.deepStrictEqual(comparison(plain, undefined).run(other), {
        kind: "field",
        field,
        source
      })
    }))
  })

  it("tells headers apart by value, null, order and number", () => {
    const key = Buffer.from("h")
    for (
      const headers of [
        [[key, name], [key, null]],
        [[key, Buffer.alloc(0)], [key, name]],
        [[key, null], [key, Buffer.from("restore.source-offseT")]],
        [[key, null], [Buffer.from("H"), name]],
        [[key, null]],
        []
      ] satisfies ReadonlyArray<PlainRecord["headers"]>
    ) {
      const { run, sides } = comparison([dataBatch(three)], undefined)
      const found = run(change(1, { headers }))
      assert.deepStrictEqual(found, { kind: "field", field: "headers", source: 1n })
      assert.strictEqual(sides.records, 1)
    }
  })

  it("names what one side lacks, and what is of no restore", () => {
    const without = (at: number) => [dataBatch(three.toSpliced(at, 1))]
    const archive = [dataBatch(three)]
    const missing = comparison(archive, undefined).run(without(1))
    assert.deepStrictEqual(missing, { kind: "missing", source: 1n })
    const extra = comparison(without(0), undefined).run(archive)
    assert.deepStrictEqual(extra, { kind: "extra", source: 0n })
    assert.deepStrictEqual(comparison(archive, name).run(archive), { kind: "foreign" })
    const unended = comparison(archive, undefined).run(without(2))
    assert.deepStrictEqual(unended, { archived: true, logged: false })
  })

  it("lets a log lack what compaction or retention may have removed", () => {
    const archive = [dataBatch(three)]
    const thinned = comparison(archive, undefined)
    thinned.sides.isThinned = true
    const ended = { archived: false, logged: false }
    assert.deepStrictEqual(thinned.run([dataBatch(three.toSpliced(0, 2))]), ended)
    assert.deepInclude({ ...thinned.sides }, { through: 2n, records: 1 })
    const shorter = comparison(archive, undefined)
    shorter.sides.floor = 1n
    assert.deepStrictEqual(shorter.run([dataBatch(three.slice(1))]), ended)
    const missing = shorter.run([dataBatch(three.slice(2))])
    assert.deepStrictEqual(missing, { kind: "missing", source: 1n })
  })

  it("walks only what is wanted, on both sides", () => {
    const range = { fromOffset: 1n, toOffset: 2n, fromTimeMs: undefined, toTimeMs: undefined }
    const block = blockOf([dataBatch(three)])
    const archived = new ArchivedRecords(block, recordFilter(range), -1n)
    assert.isTrue(archived.next())
    assert.strictEqual(archived.offset, 1n)
    assert.isFalse(archived.next())
    assert.isFalse(new ArchivedRecords(block, undefined, 2n).next())
    const logged = new LoggedRecords([dataBatch(three)], 1n, 2n)
    assert.isTrue(logged.next())
    assert.strictEqual(logged.offset, 1n)
    assert.isFalse(logged.next())
  })

  it("refuses a block or a batch that holds another number of records than it states", () => {
    const block = { ...blockOf([dataBatch(three)]), recordCount: 2 }
    const archived = new ArchivedRecords(block, undefined, 5n)
    assert.throws(() => archived.next(), /a block of 2 records holds 3/)
    const [batch] = [dataBatch(three)]
    const header = { ...batch.header, recordCount: 2 }
    const logged = new LoggedRecords([{ ...batch, header }], 0n, everything)
    assert.isTrue(logged.next())
    assert.isTrue(logged.next())
    assert.throws(() => logged.next(), /holds more than its records/)
  })
})
