/** Writes the frame of an archive file: an Avro object container (Avro 1.12, "Object Container Files"). */
import { Buffer } from "node:buffer"
import type { FileFacts } from "../domain/FileFacts.ts"
import { archiveSchema } from "./AvroSchema.ts"
import { factsToContainer } from "./FactsMetadata.ts"
import { maxVarintBytes, sizeOfVarint, writeVarint } from "./Varint.ts"

/** The first bytes of every container of version 1. */
export const containerMagic: Buffer = Buffer.from("Obj\x01", "latin1")

/** Bytes of the marker that ends the header and every block. */
export const syncBytes = 16

/** A sync marker for a new file, random as Avro asks for. */
export const newSync = (): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(syncBytes)))

/**
 * The header of an archive file: our schema, codec zstandard, and the facts. It has the same length
 * for all facts with equal cluster and topic id, so that it can be written again in place.
 */
export const containerHeader = (
  { facts, sync }: { readonly facts: FileFacts; readonly sync: Buffer }
): Buffer => {
  const entries = [
    ["avro.schema", archiveSchema],
    ["avro.codec", "zstandard"],
    ...factsToContainer(facts)
  ] as const
  return Buffer.concat([
    containerMagic,
    varint(entries.length),
    ...entries.flat().map(avroString),
    varint(0),
    sync
  ])
}

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

const varint = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(sizeOfVarint(value))
  writeVarint(bytes, 0, value)
  return bytes
}

const avroString = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  return Buffer.concat([varint(bytes.length), bytes])
}
