/** Decodes protobuf messages by tables of their fields, as far as OTLP needs it. */

type Scalar = "string" | "hex" | "bool" | "varint" | "int64" | "fixed64" | "double"

export interface Field {
  readonly name: string
  /** A function gives the table of a message inside, which may be one that holds itself. */
  readonly type: Scalar | (() => Message)
  readonly many?: boolean
}

/** Fields by number. */
export type Message = Readonly<Record<number, Field>>

interface Reader {
  readonly bytes: Buffer
  at: number
}

const varint = (reader: Reader): bigint => {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.bytes.readUInt8(reader.at)
    reader.at += 1
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw new Error(`a varint without an end at ${reader.at}`)
}

const take = (reader: Reader, length: number): Buffer => {
  const end = reader.at + length
  if (end > reader.bytes.length) throw new Error(`cut off at ${reader.at}`)
  const taken = reader.bytes.subarray(reader.at, end)
  reader.at = end
  return taken
}

/** The value as it is on the wire. */
const raw = (reader: Reader, wireType: number): bigint | Buffer => {
  if (wireType === 0) return varint(reader)
  if (wireType === 1) return take(reader, 8)
  if (wireType === 2) return take(reader, Number(varint(reader)))
  if (wireType === 5) return take(reader, 4)
  throw new Error(`wire type ${wireType} at ${reader.at}`)
}

const numberOf = (value: bigint, type: Field["type"]): unknown =>
  type === "bool" ? value !== 0n : Number(type === "int64" ? BigInt.asIntN(64, value) : value)

const valueOf = (value: bigint | Buffer, type: Field["type"]): unknown => {
  if (typeof value === "bigint") return numberOf(value, type)
  if (typeof type === "function") return decodeMessage(value, type())
  if (type === "string") return value.toString("utf8")
  if (type === "hex") return value.toString("hex")
  if (type === "double") return value.readDoubleLE()
  return Number(value.readBigInt64LE())
}

/** Fields that the table does not have are left out. */
export const decodeMessage = (
  bytes: Buffer,
  message: Message
): Readonly<Record<string, unknown>> => {
  const reader: Reader = { bytes, at: 0 }
  const decoded: Record<string, unknown> = {}
  while (reader.at < bytes.length) {
    const tag = Number(varint(reader))
    const value = raw(reader, tag & 7)
    const field = message[tag >>> 3]
    if (field === undefined) continue
    const found = valueOf(value, field.type)
    const before = decoded[field.name]
    decoded[field.name] = field.many === true
      ? [...(Array.isArray(before) ? before : []), found]
      : found
  }
  return decoded
}
