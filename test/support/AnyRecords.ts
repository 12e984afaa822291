/** Records and batch fields as no well-behaved producer would write them, for property tests. */
import fc from "fast-check"
import { Buffer } from "node:buffer"
import type { PlainRecord } from "./Batches.ts"

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))

const nullable = fc.option(bytes, { nil: null, freq: 3 })

/** Duplicates, empty names, names that are not UTF-8, and those that break JavaScript objects. */
const headerName = fc.oneof(
  bytes,
  fc.constantFrom("", "a", "a", "__proto__", "constructor", "10").map((name) => Buffer.from(name)),
  fc.constant(Buffer.from([0xff, 0xfe, 0x80]))
)

export const anyInt64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, -1n, 0n, 2n ** 53n),
  fc.bigInt({ min: 1_600_000_000_000n, max: 1_900_000_000_000n })
)

const record = fc.record({
  key: nullable,
  value: nullable,
  headers: fc.array(fc.tuple(headerName, nullable), { maxLength: 5 }),
  timestamp: anyInt64,
  /** Compaction leaves holes. */
  step: fc.integer({ min: 1, max: 70 })
})

/** Offset deltas grow; the first need not be 0. */
export const anyRecords: fc.Arbitrary<ReadonlyArray<PlainRecord>> = fc
  .array(record, { minLength: 1, maxLength: 25 })
  .map((records) => {
    let offset = -1
    return records.map(({ step, ...rest }) => ({ ...rest, offsetDelta: offset += step }))
  })

export const batchFields = fc.record({
  baseOffset: fc.bigInt({ min: 0n, max: 2n ** 62n }),
  leaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  baseTimestamp: anyInt64,
  maxTimestamp: anyInt64,
  producerId: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }),
  producerEpoch: fc.integer({ min: -1, max: 2 ** 15 - 1 }),
  baseSequence: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  transactional: fc.boolean(),
  timestampType: fc.constantFrom("CreateTime" as const, "LogAppendTime" as const)
})
