/** How large the archive is, beside that of the original for the same records. */
import { Effect, Stream } from "effect"
import zlib from "node:zlib"
import { originalSchema } from "../../../src/codec/AvroSchema.ts"
import { decodeBlock, readContainer } from "../../../src/codec/ContainerReader.ts"
import { containerMagic, syncBytes } from "../../../src/codec/ContainerWriter.ts"
import { RecordCursor } from "../../../src/codec/RecordCursor.ts"
import { sizeOfVarint } from "../../../src/codec/Varint.ts"
import { Truth } from "../../truth/Truth.ts"
import { archiveFile, archiveFiles } from "../Archive.ts"
import { measured } from "../Measure.ts"
import { scaled } from "../Options.ts"
import type { Bench, PartResult } from "../Part.ts"
import { writePayload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { planFor } from "../Rounds.ts"
import { sum } from "../Statistics.ts"

const topic = "size"

/** Records in a block of the original: its Avro library's own default. */
const originalBlock = 100

const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel } = zlib.constants

/** The original compresses with its library's default, which stands for level 3 of zstd. */
const params = { [ZSTD_c_compressionLevel]: 3, [ZSTD_c_checksumFlag]: 1 }

const blockSize = (records: ReadonlyArray<Buffer>): number => {
  const size = zlib.zstdCompressSync(Buffer.concat(records), { params }).length
  return sizeOfVarint(records.length) + sizeOfVarint(size) + size + syncBytes
}

/** Magic, schema, codec and sync marker: a few bytes more or less do not matter. */
const headerSize = containerMagic.length + originalSchema.length + 40 + syncBytes

/** The records of a block as the original writes them: without the union tag of `null_headers`. */
const asOriginal = (block: Buffer): ReadonlyArray<Buffer> => {
  const cursor = new RecordCursor(block, "ours")
  const records: Array<Buffer> = []
  for (let from = 0; cursor.left > 0;) {
    cursor.next()
    const end = block.length - cursor.left
    records.push(block.subarray(from, end - 1))
    from = end
  }
  return records
}

interface Sizes {
  readonly ours: number
  readonly original: number
}

/** Of one archive file: as it is, and with the same records in blocks as the original's. */
const sizesOf = (file: Buffer) =>
  Effect.gen(function*() {
    const { blocks, header } = yield* readContainer(Stream.make(file))
    let open: Array<Buffer> = []
    let original = headerSize
    const cut = (): void => {
      original += blockSize(open)
      open = []
    }
    yield* Stream.runForEach(blocks, (block) =>
      Effect.map(decodeBlock(header.codec, block), (bytes) => {
        for (const record of asOriginal(bytes)) {
          if (open.push(record) === originalBlock) {
            cut()
          }
        }
      }))
    if (open.length > 0) {
      cut()
    }
    const sizes: Sizes = { ours: file.length, original }
    return sizes
  }).pipe(Effect.scoped)

export const size = (bench: Bench) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const payload = yield* writePayload("orders")
    const plan = yield* planFor(topic, scaled(bench, 1_000_000, 1000), payload, bench)
    yield* truth.createTopics([{ topic, partitions: 6 }])
    yield* measured(Programs.producerPerformance(plan))
    yield* measured(Programs.topicsBackup(plan))
    const found = yield* archiveFiles(plan.addresses.s3, topic)
    const sizes = yield* Effect.forEach(
      found,
      ({ key }) => Effect.flatMap(archiveFile(plan.addresses.s3, key), sizesOf)
    )
    const ours = sum(sizes.map((each) => each.ours))
    const original = sum(sizes.map((each) => each.original))
    const whole = plan.records * payload.recordBytes
    const row = (name: string, bytes: number) => [
      name,
      bytes.toLocaleString("en"),
      (bytes / plan.records).toFixed(1),
      (whole / bytes).toFixed(2)
    ]
    const result: PartResult = {
      title: `size: ${plan.records.toLocaleString("en")} records, ${found.length} archive files`,
      tables: [[
        ["", "bytes", "per record", "compression"],
        row("ours", ours),
        row("the original's settings", original)
      ]],
      bars: [{
        name: "archive / the original's",
        value: ours / original,
        limit: 1,
        better: "lower",
        unit: "x"
      }],
      notes: [
        "the original's is computed: the same records, its schema, blocks of 100 records, zstd of level 3;",
        "on such records its Go library comes within 0.1 % of that"
      ],
      plots: {},
      data: { records: plan.records, ours, original }
    }
    return result
  })
