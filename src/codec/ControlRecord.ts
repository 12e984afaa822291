/** The key of a control record: version and type, an int16 each (KIP-98). */
import type { Buffer } from "node:buffer"
import { corrupt } from "./CodecError.ts"
import { VarintReader } from "./Varint.ts"

export type ControlType = "abort" | "commit" | "other"

const keyBytes = 4

/** Of the first record of a control batch's uncompressed section. Throws `CodecError`. */
export const controlType = (records: Buffer): ControlType => {
  const reader = new VarintReader(records)
  const length = reader.readInt()
  const end = reader.position + length
  if (length < 0 || end > records.length) throw corrupt("a control record overruns its batch")
  const fields = new VarintReader(records, reader.position + 1, end)
  fields.readBigInt()
  fields.readInt()
  const size = fields.readInt()
  const at = fields.position
  if (size < keyBytes || at + size > end) throw corrupt("a control record has no whole key")
  if (records.readInt16BE(at) < 0) throw corrupt("a control record has a negative version")
  const type = records.readInt16BE(at + 2)
  return type === 0 ? "abort" : type === 1 ? "commit" : "other"
}
