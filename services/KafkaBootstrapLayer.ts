/** Where to find the first broker: the configured list, or an SRV record. */
import { Effect } from "effect"
import { resolveSrv } from "node:dns/promises"
import net from "node:net"
import { KafkaError } from "./Kafka.ts"
import type { KafkaSettings } from "./KafkaConnections.ts"

export interface Address {
  readonly host: string
  readonly port: number
}

const defaultPort = 9092

export const addressText = ({ host, port }: Address): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** `host`, `host:port`, `[::1]:port` or a bare IPv6 address; `undefined` if it is none of these. */
export const parseAddress = (text: string): Address | undefined => {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  const plain = /^([^:\s]+)(?::(\d+))?$/.exec(text)
  const host = bracketed?.[1] ?? plain?.[1] ?? (net.isIPv6(text) ? text : undefined)
  const port = Number(bracketed?.[2] ?? plain?.[2] ?? defaultPort)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

const failed = (subject: string, cause: unknown) =>
  new KafkaError({ reason: "CONNECTION_FAILED", operation: "bootstrap", subject, cause })

const fromSrv = Effect.fnUntraced(function*(name: string) {
  const query = `_kafka._tcp.${name}`
  const records = yield* Effect.tryPromise({
    try: () => resolveSrv(query),
    catch: (cause) => failed(query, cause instanceof Error ? cause.message : cause)
  })
  if (records.length === 0) return yield* failed(query, "the SRV record is empty")
  return records
    .sort((a, b) => a.priority - b.priority || b.weight - a.weight)
    .map(({ name, port }): Address => ({ host: name, port }))
})

/** Asked at every bootstrap, so that a changed SRV record is seen. */
export const bootstrapAddresses = Effect.fnUntraced(function*(brokers: KafkaSettings["brokers"]) {
  if ("srvName" in brokers) return yield* fromSrv(brokers.srvName)
  const addresses: Array<Address> = []
  for (const text of brokers) {
    const address = parseAddress(text)
    if (address === undefined) return yield* failed(text, "not of the form host:port")
    addresses.push(address)
  }
  if (addresses.length === 0) return yield* failed("", "no broker is configured")
  return addresses
})
