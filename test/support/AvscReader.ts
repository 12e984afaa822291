/** Containers read and written by avsc, to check the codec against a program that is not ours. */
import avsc from "avsc"
import { Predicate } from "effect"
import { Buffer } from "node:buffer"
import zlib from "node:zlib"

const { __with: longTypeOf } = avsc.types.LongType

const bigintLong = longTypeOf({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: Predicate.isBigInt,
  compare: (one: bigint, other: bigint) => Number(one - other)
})

/** avsc's type for a schema, with int64 as bigint. */
export const avscType = (schemaJson: string): avsc.Type =>
  avsc.Type.forSchema(JSON.parse(schemaJson), { registry: { long: bigintLong } })

/** A record as avsc sees it: of duplicate headers the last. */
export interface AvscRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer>>
  readonly topic: string
  readonly partition: number
  readonly timestamp: bigint
  readonly offset: bigint
  readonly null_headers?: ReadonlyArray<number> | null
}

const isRecord = (value: unknown): value is AvscRecord =>
  Predicate.isObject(value) && "offset" in value && "headers" in value

const collect = (stream: NodeJS.ReadWriteStream): Promise<Array<unknown>> =>
  new Promise((resolve, reject) => {
    const all: Array<unknown> = []
    stream.on("data", (element) => all.push(element))
    stream.on("error", reject)
    stream.on("end", () => resolve(all))
  })

/** Everything in a container; `readerSchema`: resolve to this one. */
export const avscReadAny = (
  bytes: Buffer,
  readerSchema?: string
): Promise<ReadonlyArray<unknown>> => {
  const decoder = new avsc.streams.BlockDecoder({
    parseHook: (schema) => avscType(JSON.stringify(schema)),
    codecs: {
      ...avsc.streams.BlockDecoder.defaultCodecs(),
      zstandard: (data, done) => zlib.zstdDecompress(data, done)
    },
    ...(readerSchema === undefined ? {} : { readerSchema: avscType(readerSchema) })
  })
  const records = collect(decoder)
  decoder.end(bytes)
  return records
}

/** All records of an archive file; `readerSchema`: resolve to this one. */
export const avscRead = async (
  bytes: Buffer,
  readerSchema?: string
): Promise<ReadonlyArray<AvscRecord>> => (await avscReadAny(bytes, readerSchema)).filter(isRecord)

/** A container that avsc writes. `blockBytes`: of a block before compression. */
export const avscWrite = async (
  schemaJson: string,
  records: ReadonlyArray<object>,
  options: { readonly codec?: "null" | "deflate"; readonly blockBytes?: number } = {}
): Promise<Buffer> => {
  const encoder = new avsc.streams.BlockEncoder(avscType(schemaJson), {
    codec: options.codec ?? "null",
    blockSize: options.blockBytes ?? 65_536,
    writeHeader: "always"
  })
  const chunks = collect(encoder)
  for (const record of records) encoder.write(record)
  encoder.end()
  return Buffer.concat((await chunks).filter((chunk) => Buffer.isBuffer(chunk)))
}
