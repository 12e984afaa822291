/** The bytes of the Java client (`WireTruth.java` made them), and ours to compare them with. */
import { readFileSync } from "node:fs"
import type { Api } from "../../../src/codec/kafka/Api.ts"
import { decodeResponse, encodeRequest } from "../../../src/codec/kafka/Api.ts"

const parsed: unknown = JSON.parse(
  readFileSync(new URL("wire-truth.json", import.meta.url), "utf8")
)
const truths = new Map(Object.entries(parsed ?? {}))

/** Hex digits of a body. */
export const truth = (name: string): string => {
  const hex: unknown = truths.get(name)
  if (typeof hex !== "string") throw new Error(`no bytes of ${name}`)
  return hex
}

const clientId = "test"
const headerBytes = 4 + 2 + 2 + 4 + 2 + clientId.length

/** Hex digits of the body that we send. */
export const ours = <Request, Response>(api: Api<Request, Response>, request: Request): string =>
  Buffer.concat(encodeRequest(api, clientId, request))
    .subarray(headerBytes + (api.flexible ? 1 : 0)).toString("hex")

/** An answer as it comes after its correlation id. */
export const payloadOf = (api: { readonly flexible: boolean }, name: string): Buffer =>
  Buffer.from((api.flexible ? "00" : "") + truth(name), "hex")

export const answer = <Request, Response>(api: Api<Request, Response>, name: string): Response =>
  decodeResponse(api, payloadOf(api, name))
