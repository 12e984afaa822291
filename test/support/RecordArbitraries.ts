/** Any record that Kafka can hold, for property tests. */
import fc from "fast-check"
import { Buffer } from "node:buffer"
import type { DataBatch } from "../../src/codec/FetchedBatches.ts"
import type { PlainRecord } from "./Batches.ts"
import { dataBatch } from "./Containers.ts"

export const anyBytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))

const names = fc.oneof(
  anyBytes(8),
  fc.constantFrom("", "a", "7", "__proto__", "constructor", "restore.source-offset", "ключ")
    .map((name) => Buffer.from(name))
)

const edges = [
  -(2n ** 63n),
  -(2n ** 53n),
  -(2n ** 52n),
  -1n,
  0n,
  2n ** 52n,
  2n ** 53n,
  2n ** 63n - 1n
]

export const anyTimestamp: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 1_600_000_000_000n, max: 1_900_000_000_000n }),
  fc.constantFrom(...edges),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
)

const optionalBytes = (maxLength: number) => fc.option(anyBytes(maxLength))

const anyRecord = fc.record({
  key: optionalBytes(80),
  value: optionalBytes(300),
  headers: fc.array(fc.tuple(names, optionalBytes(70)), { maxLength: 5 }),
  timestamp: anyTimestamp,
  gap: fc.integer({ min: 1, max: 3 })
})

/** Records with growing offset deltas. */
export const anyRecords: fc.Arbitrary<ReadonlyArray<PlainRecord>> = fc
  .array(anyRecord, { minLength: 1, maxLength: 20 })
  .map((drafts) => {
    let offsetDelta = -1
    return drafts.map(({ gap, ...record }) => ({ ...record, offsetDelta: offsetDelta += gap }))
  })

const anyBaseOffset = fc.oneof(
  fc.bigInt({ min: 0n, max: 10_000n }),
  fc.constantFrom(2n ** 52n - 3n, 2n ** 53n - 3n, 2n ** 63n - 1000n)
)

/** Batches of one partition in offset order. */
export const anyBatches: fc.Arbitrary<ReadonlyArray<DataBatch>> = fc
  .tuple(
    anyBaseOffset,
    fc.array(fc.tuple(anyRecords, fc.option(anyTimestamp)), { minLength: 1, maxLength: 4 })
  )
  .map(([start, drafts]) => {
    let baseOffset = start
    return drafts.map(([records, appendTime]) => {
      const batch = dataBatch(records, {
        baseOffset,
        ...(appendTime === null
          ? {}
          : { timestampType: "LogAppendTime" as const, maxTimestamp: appendTime })
      })
      baseOffset += BigInt(batch.header.lastOffsetDelta) + 2n
      return batch
    })
  })
