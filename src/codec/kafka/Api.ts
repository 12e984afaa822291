/** What all requests have in common: the frame around their bytes. */
import { Buffer } from "node:buffer"
import { WireReader } from "./WireReader.ts"
import { WireWriter } from "./WireWriter.ts"

/** One version of one request of the Kafka protocol, and of its answer. */
export interface Api<Request, Response> {
  readonly key: number
  readonly name: string
  readonly version: number
  /** Both headers carry tagged fields (KIP-482). */
  readonly flexible: boolean
  /** Where the answer says how long to hold back the next request (KIP-219). */
  readonly throttle: "first" | "last" | "none"
  readonly write: (to: WireWriter, request: Request) => void
  /** Bytes that end the request; they are sent as they are, not copied. */
  readonly tail?: (request: Request) => Buffer
  readonly read: (from: WireReader) => Response
}

/** Where the correlation id stands in a frame. */
const correlationAt = 8

/**
 * The request with its size and header: one buffer, and the tail where the API has one. The
 * correlation id is written later, by `setCorrelationId`.
 */
export const encodeRequest = <Request, Response>(
  api: Api<Request, Response>,
  clientId: string,
  request: Request
): ReadonlyArray<Buffer> => {
  const writer = new WireWriter()
  writer.int32(0)
  writer.int16(api.key)
  writer.int16(api.version)
  writer.int32(0)
  writer.string(clientId)
  if (api.flexible) writer.noTags()
  api.write(writer, request)
  const head = writer.bytes()
  const tail = api.tail?.(request)
  head.writeInt32BE(head.length - 4 + (tail?.length ?? 0), 0)
  return tail === undefined ? [head] : [head, tail]
}

export const setCorrelationId = (frame: ReadonlyArray<Buffer>, id: number): void => {
  frame[0]?.writeInt32BE(id, correlationAt)
}

/** `payload`: the answer after its correlation id. Throws a CodecError. */
export const decodeResponse = <Request, Response>(
  api: Api<Request, Response>,
  payload: Buffer
): Response => {
  const reader = new WireReader(payload)
  if (api.flexible) reader.skipTags()
  return api.read(reader)
}

/** Milliseconds for which the broker wants no further request on this connection. */
export const throttleMs = (
  api: Pick<Api<never, unknown>, "flexible" | "throttle">,
  payload: Buffer
): number => {
  const first = api.flexible ? 1 : 0
  const at = api.throttle === "first" ? first : payload.length - 4
  return api.throttle === "none" || at < 0 || at + 4 > payload.length ? 0 : payload.readInt32BE(at)
}
