/** avsc as the readers of foreign files use it: types with exact int64, and whole blocks. */
import avsc from "avsc"
import { Effect, Predicate } from "effect"
import { Buffer } from "node:buffer"
import type { CodecError } from "../src/codec/CodecError.ts"
import { corrupt, unsupported } from "../src/codec/CodecError.ts"

const { __with: longTypeOf } = avsc.types.LongType

/** avsc's own long refuses what a number cannot hold. */
const longType = longTypeOf({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: Predicate.isBigInt,
  compare: (one: bigint, other: bigint) => one < other ? -1 : one > other ? 1 : 0
})

/** The type of the schema, int64 as bigint. Throws when it is no schema. */
export const parseType = (schemaJson: string): avsc.Type =>
  avsc.Type.forSchema(JSON.parse(schemaJson), { registry: { long: longType } })

/**
 * Reads the writer's records as the reader's. Throws, saying why, when Avro does not allow that.
 * Avro compares names without their namespace.
 */
export const resolverOf = (reader: avsc.Type, writer: avsc.Type): avsc.Resolver => {
  if (!avsc.Type.isType(writer, "record")) throw new Error(`it is no record but ${writer}`)
  return reader.createResolver(writer, { ignoreNamespaces: true })
}

/**
 * What `convert` makes of each record of a decoded block. Throws `CodecError` Corrupt when the
 * block does not hold `recordCount` records and nothing else.
 */
export const decodeRecords = <A>(
  { block, reader, recordCount, resolver }: {
    readonly reader: avsc.Type
    readonly resolver: avsc.Resolver
    readonly block: Buffer
    readonly recordCount: number
  },
  convert: (record: object) => A
): Array<A> => {
  const records: Array<A> = []
  let at = 0
  for (let index = 0; index < recordCount; index++) {
    const { offset, value } = reader.decode(block, at, resolver)
    if (offset < 0) throw corrupt(`the block ends inside record ${index} of ${recordCount}`)
    if (!Predicate.isObject(value)) throw corrupt("a record is no record")
    records.push(convert(value))
    at = offset
  }
  if (at !== block.length) throw corrupt(`${block.length - at} bytes follow the last record`)
  return records
}

/** Runs it; whatever it throws says why the file's schema cannot be read as `kind`. */
export const resolving = <A>(kind: string, resolve: () => A): Effect.Effect<A, CodecError> =>
  Effect.try({
    try: resolve,
    catch: (error) =>
      unsupported(
        `the file's schema cannot be read as ${kind}: ` +
          (error instanceof Error ? error.message : String(error))
      )
  })
