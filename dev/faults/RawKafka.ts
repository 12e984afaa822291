/** Requests to a broker in bytes of our own: what a coordinator may do and no client offers. */
import { Effect } from "effect"
import { rawRequest } from "../stack/RawRequest.ts"

const string = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** The answer's body from the broker on 127.0.0.1; empty when it does not answer. */
const ask = (port: number, apiKey: number, body: Buffer): Effect.Effect<Buffer> =>
  rawRequest(port, { apiKey, version: 0, body }, 3000)

/** Reads what has a length in front of it. */
const reader = (bytes: Buffer) => {
  let at = 0
  const int = (size: 2 | 4) => {
    at += size
    return bytes.readIntBE(at - size, size)
  }
  const sized = (size: 2 | 4) => {
    const length = int(size)
    at += Math.max(0, length)
    return bytes.subarray(at - Math.max(0, length), at)
  }
  return { int, string: () => sized(2).toString(), skipBytes: () => void sized(4) }
}

/** DescribeGroups v0: error, group, state, protocol type, protocol, members. */
const memberIds = (answer: Buffer): ReadonlyArray<string> => {
  if (answer.length === 0) return []
  const read = reader(answer)
  read.int(4)
  read.int(2)
  for (let part = 0; part < 4; part++) read.string()
  return Array.from({ length: read.int(4) }, () => {
    const id = read.string()
    read.string()
    read.string()
    read.skipBytes()
    read.skipBytes()
    return id
  })
}

const describeGroups = 15
const leaveGroup = 13

/** Ids of the group's members, if this broker is its coordinator; also of those that are gone. */
export const groupMembers = (port: number, group: string): Effect.Effect<ReadonlyArray<string>> => {
  const one = Buffer.from([0, 0, 0, 1])
  return Effect.map(ask(port, describeGroups, Buffer.concat([one, string(group)])), memberIds)
}

/** Ends a membership at once, as the session timeout does, if this broker is the coordinator. */
export const dropMember = (port: number, group: string, member: string): Effect.Effect<void> =>
  Effect.asVoid(ask(port, leaveGroup, Buffer.concat([string(group), string(member)])))
