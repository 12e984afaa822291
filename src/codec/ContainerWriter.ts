/** Writes the frame of a file: an Avro object container (Avro 1.12, "Object Container Files"). */
import { Buffer } from "node:buffer"
import type { FileFacts } from "../domain/FileFacts.ts"
import { archiveSchema } from "./AvroSchema.ts"
import { AvroWriter } from "./AvroWriter.ts"
import { factsToContainer } from "./FactsMetadata.ts"
import { maxVarintBytes, writeVarint } from "./Varint.ts"

/** The first bytes of every container of version 1. */
export const containerMagic: Buffer = Buffer.from("Obj\x01", "latin1")

/** Bytes of the marker that ends the header and every block. */
export const syncBytes = 16

/**
 * A copy with memory of its own. A small one that Node makes is a part of 64 KiB, and thousands of
 * markers that are kept for the life of a file would keep as many of these.
 */
export const ownSync = (sync: Uint8Array): Buffer => {
  const own = Buffer.allocUnsafeSlow(syncBytes)
  own.set(sync)
  return own
}

/** A sync marker for a new file, random as Avro asks for. */
export const newSync = (): Buffer => ownSync(crypto.getRandomValues(new Uint8Array(syncBytes)))

/** Names and values; names are not repeated. */
export type ContainerMetadata = ReadonlyArray<readonly [name: string, value: string]>

/** Used again: the header of a growing file is written anew for each of its blocks. */
const writer = new AvroWriter()

/** The header of a container whose blocks are compressed with zstandard. */
export const zstandardHeader = (
  { metadata, schema, sync }: {
    /** The JSON of the writer's schema. */
    readonly schema: string
    /** What follows schema and codec. */
    readonly metadata: ContainerMetadata
    readonly sync: Buffer
  }
): Buffer => {
  writer.clear()
  writer.raw(containerMagic)
  const entries = [["avro.schema", schema], ["avro.codec", "zstandard"], ...metadata] as const
  writer.list(entries, ([name, value]) => {
    writer.string(name)
    writer.string(value)
  })
  writer.raw(sync)
  return writer.take()
}

/**
 * The header of an archive file: our schema, codec zstandard, and the facts. It has the same length
 * for all facts with equal cluster and topic id, so that it can be written again in place.
 */
export const containerHeader = (
  { facts, sync }: { readonly facts: FileFacts; readonly sync: Buffer }
): Buffer => zstandardHeader({ schema: archiveSchema, metadata: factsToContainer(facts), sync })

/** One block of the file, in pieces to be written one after the other. */
export const frameBlock = (
  recordCount: number,
  compressed: Buffer,
  sync: Buffer
): Array<Buffer> => {
  const front = Buffer.allocUnsafe(2 * maxVarintBytes)
  const length = writeVarint(front, writeVarint(front, 0, recordCount), compressed.length)
  return [front.subarray(0, length), compressed, sync]
}
