import { it } from "@effect/vitest"
import { Effect } from "effect"
import lz4 from "lz4-napi"
import { Buffer } from "node:buffer"
import zlib from "node:zlib"
import { describe, expect } from "vitest"
import { type Compression, decompress, maxExpandedBytes } from "../../src/codec/Compression.ts"

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex")

const content = (codec: Compression, bytes: Buffer) =>
  Effect.map(decompress(codec, bytes, "test"), (buffer) => buffer.toString("latin1"))

const refusal = (codec: Compression, bytes: Buffer) =>
  Effect.map(Effect.flip(decompress(codec, bytes, "test")), (error) => error.toString())

describe("snappy", () => {
  const header = "82 534e41505059 00 00000001 00000001"
  const abc = "03 08 616263"
  const aaaaaaaa = "08 00 61 0d 01"

  it.effect("reads raw blocks, xerial chunks and xerial streams in a row", () =>
    Effect.gen(function*() {
      expect(yield* content("snappy", hex(abc))).toBe("abc")
      expect(yield* content("snappy", hex(`${header} 00000005 ${abc}`))).toBe("abc")
      const stream = `${header} 00000005 ${aaaaaaaa} 00000005 ${abc}`
      expect(yield* content("snappy", hex(stream))).toBe("aaaaaaaaabc")
      expect(yield* content("snappy", hex(stream + stream))).toBe("aaaaaaaaabcaaaaaaaaabc")
      expect(yield* content("snappy", hex(header))).toBe("")
    }))

  it.effect("refuses chunks that do not fit", () =>
    Effect.gen(function*() {
      expect(yield* refusal("snappy", hex(`${header} 00000006 ${abc}`))).toMatch(/inside a chunk/)
      expect(yield* refusal("snappy", hex(`${header} 0000`))).toMatch(/chunk length/)
      expect(yield* refusal("snappy", hex(`${header} ffffffff ${abc}`))).toMatch(/length -1/)
      expect(yield* refusal("snappy", hex(`${header} 00000000`))).toMatch(/length 0/)
      expect(yield* refusal("snappy", hex("04 08 616263"))).toMatch(/CodecError/)
      expect(yield* refusal("snappy", hex(""))).toMatch(/preamble/)
    }))

  it.effect("allocates nothing for a length that cannot be", () =>
    Effect.gen(function*() {
      expect(yield* refusal("snappy", hex("ffffffff0f 08 616263"))).toMatch(
        /cannot hold 4294967295/
      )
      expect(yield* refusal("snappy", hex("ffffffffffff"))).toMatch(/no preamble/)
    }))
})

describe("lz4", () => {
  const header = "04224d18 60 40 82"

  it.effect("reads stored blocks, checksums and large blocks", () =>
    Effect.gen(function*() {
      expect(yield* content("lz4", hex(`${header} 03000080 616263 00000000`))).toBe("abc")
      const text = "abcdefgh".repeat(100_000)
      for (const contentChecksum of [true, false]) {
        for (const blockChecksums of [true, false]) {
          const frame = yield* Effect.promise(() =>
            lz4.compressFrame(text, { contentChecksum, blockChecksums })
          )
          expect(yield* content("lz4", frame)).toBe(text)
        }
      }
    }))

  it.effect("refuses what is not one whole frame", () =>
    Effect.gen(function*() {
      const frame = `${header} 03000080 616263 00000000`
      expect(yield* refusal("lz4", hex(frame + frame))).toMatch(/18 bytes follow/)
      expect(yield* refusal("lz4", hex("04224d18 20 40 82 00000000"))).toMatch(/version 0/)
      expect(yield* refusal("lz4", hex("04224d18 60 30 82 00000000"))).toMatch(/block size 3/)
      expect(yield* refusal("lz4", hex("04224d18 61 40 82 00000000"))).toMatch(/dictionary/)
      expect(yield* refusal("lz4", hex("04224d18 60 40 83 00000000"))).toMatch(/CodecError/)
      expect(yield* refusal("lz4", hex(`${header} 01000100 00000000`))).toMatch(/larger than/)
      expect(yield* refusal("lz4", hex("00 01 02 03 04 05 06 07"))).toMatch(/not an lz4 frame/)
    }))
})

describe("zstd", () => {
  const frame = (text: string) => zlib.zstdCompressSync(Buffer.from(text))
  const skippable = hex("5a2a4d18 03000000 010203")
  /** 128 KiB of the byte 0 in each block, four bytes long. */
  const bomb = (blocks: number) =>
    Buffer.concat([
      hex("28b52ffd 00 38"),
      ...Array.from({ length: blocks }, () => hex("020010 00")),
      hex("010000")
    ])

  it.effect("reads every frame, and skips what is to be skipped", () =>
    Effect.gen(function*() {
      const frames = [frame("one,"), skippable, frame("two,".repeat(9000)), frame(""), frame("end")]
      const text = yield* content("zstd", Buffer.concat(frames))
      expect(text).toBe(`one,${"two,".repeat(9000)}end`)
      expect(yield* content("zstd", Buffer.concat([skippable, frame("x")]))).toBe("x")
      expect(yield* content("zstd", hex("28b52ffd 20 64 230300 78"))).toBe("x".repeat(100))
      expect((yield* content("zstd", bomb(40))).length).toBe(40 * 131072)
    }))

  it.effect("finds damage in any of the frames", () =>
    Effect.gen(function*() {
      const { ZSTD_c_checksumFlag } = zlib.constants
      const checked = zlib.zstdCompressSync("two", { params: { [ZSTD_c_checksumFlag]: 1 } })
      checked[checked.length - 1]! ^= 1
      const error = yield* refusal("zstd", Buffer.concat([frame("one"), checked]))
      expect(error).toMatch(/checksum/)
    }))

  it.effect("refuses frames that promise too much before it allocates", () =>
    Effect.gen(function*() {
      const blocks = maxExpandedBytes / 131072
      expect(yield* refusal("zstd", bomb(blocks + 1))).toMatch(/expands to more than 1073741824/)
      const claim = hex("28b52ffd e0 00000000 00010000 230300 78")
      expect(yield* refusal("zstd", claim)).toMatch(/claims 1099511627776 bytes/)
      expect(yield* refusal("zstd", hex("28b52ffd 20 65 230300 78"))).toMatch(/claims 101 bytes/)
      expect(yield* refusal("zstd", hex("28b52ffd 20 64 270300 78"))).toMatch(/no zstd block/)
      expect(yield* refusal("zstd", Buffer.alloc(20))).toMatch(/no zstd frame/)
    }))
})
