/** The header of an Avro object container, ours, the original's or anybody's. */
import { Buffer } from "node:buffer"
import type { FileFacts } from "../domain/FileFacts.ts"
import type { Layout } from "./AvroSchema.ts"
import { layoutOf } from "./AvroSchema.ts"
import type { ContainerCodec } from "./BlockCodec.ts"
import { corrupt, truncated, unsupported } from "./CodecError.ts"
import { containerMagic, ownSync, syncBytes } from "./ContainerWriter.ts"
import { factsFromContainer, isFileFact } from "./FactsMetadata.ts"
import { VarintReader } from "./Varint.ts"

export interface ContainerHeader {
  /** The writer's schema, JSON. */
  readonly schema: string
  /** Of the records in the blocks of an archive file; `foreign` for files of other things. */
  readonly layout: Layout
  readonly codec: ContainerCodec
  readonly metadata: ReadonlyMap<string, Buffer>
  /** The 16 bytes that end every block. */
  readonly sync: Buffer
  /** Bytes of the header itself: the position of the first block. */
  readonly size: number
  /** `undefined` for a file of another program, or when a fact is missing. */
  readonly facts: FileFacts | undefined
}

/**
 * Reads the header at the start of `bytes`. Throws `CodecError`: Truncated when there may be more
 * of it than `bytes`, Corrupt or Unsupported when it is not a header that can be read.
 */
export const parseContainerHeader = (bytes: Buffer): ContainerHeader => {
  const magic = bytes.subarray(0, containerMagic.length)
  if (!magic.equals(containerMagic.subarray(0, magic.length))) {
    throw corrupt("the bytes do not start as an Avro object container")
  }
  if (magic.length === 0) throw truncated("the file is empty")
  if (magic.length < containerMagic.length) throw truncated("the container header is cut off")
  const reader = new VarintReader(bytes, magic.length)
  const metadata = readMetadata(bytes, reader)
  const size = reader.position + syncBytes
  if (size > bytes.length) throw truncated("the container header is cut off")
  const schema = metadata.get("avro.schema")?.toString()
  if (schema === undefined) throw corrupt("the container header has no schema")
  // Metadata of ours beside another schema is damage, whatever it may still be resolved to.
  const layout = layoutOf(schema)
  if (layout !== "ours" && [...metadata.keys()].some(isFileFact)) {
    throw corrupt("the container header has our metadata but not our schema")
  }
  return {
    schema,
    layout,
    codec: codecOf(metadata.get("avro.codec")?.toString() ?? "null"),
    metadata,
    sync: ownSync(bytes.subarray(reader.position, size)),
    size,
    facts: factsFromContainer(metadata)
  }
}

const codecOf = (name: string): ContainerCodec => {
  switch (name) {
    case "null":
    case "deflate":
    case "snappy":
    case "zstandard":
      return name
    default:
      throw unsupported(`the container's codec is ${JSON.stringify(name)}`)
  }
}

const readMetadata = (bytes: Buffer, reader: VarintReader): Map<string, Buffer> => {
  const metadata = new Map<string, Buffer>()
  for (let count = reader.readInt(); count !== 0; count = reader.readInt()) {
    // A negative count is followed by the block's size in bytes (Avro 1.12, "Maps").
    const size = count < 0 ? reader.readInt() : undefined
    const start = reader.position
    for (let entry = Math.abs(count); entry > 0; entry--) {
      const name = readBytes(bytes, reader).toString()
      metadata.set(name, readBytes(bytes, reader))
    }
    if (size !== undefined && reader.position - start !== size) {
      throw corrupt("the metadata of the container header does not have the size that it says")
    }
  }
  return metadata
}

const readBytes = (bytes: Buffer, reader: VarintReader): Buffer => {
  const length = reader.readInt()
  const start = reader.position
  if (length < 0) throw corrupt(`the container header has a value of ${length} bytes`)
  if (start + length > bytes.length) throw truncated("the container header is cut off")
  reader.position = start + length
  return Buffer.from(bytes.subarray(start, start + length))
}
