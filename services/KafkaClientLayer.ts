/**
 * The part of kafkajs 2.2.4 that is used: a connected and authenticated socket with the version
 * ranges of its broker. kafkajs shows it to partition assigners only, typed as a cluster.
 */
import { Predicate, Redacted } from "effect"
import type { ISocketFactory, logCreator, SASLOptions } from "kafkajs"
import { Kafka, logLevel } from "kafkajs"
import type { Buffer } from "node:buffer"
import { readFileSync } from "node:fs"
import type { Address } from "./KafkaBootstrapLayer.ts"
import type { KafkaSaslSettings, KafkaSettings } from "./KafkaConnections.ts"

interface Queued {
  readonly entry: {
    readonly apiKey: number
    readonly apiName: string
    readonly apiVersion: number
    readonly correlationId: number
    readonly resolve: (answer: { readonly payload: Buffer }) => void
    readonly reject: (error: Error) => void
  }
  readonly expectResponse: true
  readonly requestTimeout: number
  readonly sendRequest: () => void
}

export interface ClientQueue {
  readonly pending: ReadonlyArray<unknown>
  readonly throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  readonly push: (request: Queued) => void
  readonly rejectAll: (error: Error) => void
  readonly fulfillRequest: (answer: {
    readonly size: number
    readonly correlationId: number
    readonly payload: Buffer
  }) => void
  readonly maybeThrottle: (ms: number) => void
  readonly checkPendingRequests: () => void
  scheduleCheckPendingRequests: () => void
}

export interface ClientConnection {
  readonly requestQueue: ClientQueue
  readonly isConnected: () => boolean
  readonly isAuthenticated: () => boolean
  readonly authenticate: () => Promise<void>
  readonly nextCorrelationId: () => number
  readonly disconnect: () => Promise<unknown>
  /** Set while a login is going on, which takes the bytes that come. */
  readonly authHandlers: unknown
  /** Called with whatever comes from the socket. */
  processData: (bytes: Buffer) => void
}

interface ClientPool {
  /** The second one is meant for Fetch requests; it is never connected here. */
  readonly pool: readonly [ClientConnection, ClientConnection]
}

export interface ClientBroker {
  readonly connect: () => Promise<void>
  readonly versions:
    | Readonly<
      Record<number, { readonly minVersion: number; readonly maxVersion: number } | undefined>
    >
    | null
}

interface ClientCluster {
  readonly rootLogger: unknown
  readonly connectionPoolBuilder: { readonly build: (to: Address) => Promise<ClientPool> }
  readonly brokerPool: {
    readonly createBroker: (options: {
      readonly connectionPool: ClientPool
      readonly logger: unknown
    }) => ClientBroker
  }
}

const isCluster = (value: unknown): value is ClientCluster =>
  Predicate.hasProperty(value, "rootLogger") &&
  Predicate.hasProperty(value, "connectionPoolBuilder") &&
  Predicate.hasProperty(value.connectionPoolBuilder, "build") &&
  Predicate.hasProperty(value, "brokerPool") &&
  Predicate.hasProperty(value.brokerPool, "createBroker")

const unused = (): never => {
  throw new Error("the consumer exists for its cluster only")
}

const captureCluster = (client: Kafka): ClientCluster => {
  let captured: unknown
  client.consumer({
    groupId: "never-joined",
    partitionAssigners: [({ cluster }) => {
      captured = cluster
      return { name: "none", version: 0, assign: async () => [], protocol: unused }
    }]
  })
  if (!isCluster(captured)) throw new Error("kafkajs is not of version 2.2.4")
  return captured
}

const saslMechanisms = {
  "PLAIN": "plain",
  "SCRAM-SHA-256": "scram-sha-256",
  "SCRAM-SHA-512": "scram-sha-512"
} as const

const passwordOf = (password: KafkaSaslSettings["password"]): string => {
  if (Redacted.isRedacted(password)) return Redacted.value(password)
  try {
    return readFileSync(password.file, "utf8").replace(/\r?\n$/, "")
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`the password file cannot be read: ${reason}`, { cause })
  }
}

const saslOptions = ({ mechanism, password, username }: KafkaSaslSettings): SASLOptions => ({
  mechanism: saslMechanisms[mechanism],
  username,
  password: passwordOf(password)
})

const levels = {
  debug: logLevel.DEBUG,
  info: logLevel.INFO,
  warn: logLevel.WARN,
  error: logLevel.ERROR,
  none: logLevel.NOTHING
} as const

/**
 * kafkajs re-arms a timer of 1 ms for as long as a connection lives, with a negative delay that
 * Node warns of. Here it is armed only while a throttled request waits.
 */
const calm = (queue: ClientQueue): void => {
  queue.scheduleCheckPendingRequests = () => {
    if (queue.throttleCheckTimeoutId !== null || queue.pending.length === 0) return
    queue.throttleCheckTimeoutId = setTimeout(() => {
      queue.throttleCheckTimeoutId = null
      queue.checkPendingRequests()
    }, Math.max(queue.throttledUntil - Date.now(), 1))
  }
}

/** A client for one connection, not connected yet; files are read now. */
export const makeClient = async (
  address: Address,
  settings: KafkaSettings,
  timeouts: { readonly connectionMs: number; readonly requestMs: number },
  socketFactory: ISocketFactory,
  logCreator: logCreator
): Promise<{ readonly broker: ClientBroker; readonly connection: ClientConnection }> => {
  const cluster = captureCluster(
    new Kafka({
      brokers: [],
      clientId: settings.clientId,
      connectionTimeout: timeouts.connectionMs,
      requestTimeout: timeouts.requestMs,
      retry: { retries: 0 },
      socketFactory,
      logLevel: levels[settings.logLevel],
      logCreator,
      ...(settings.sasl === undefined ? {} : { sasl: saslOptions(settings.sasl) })
    })
  )
  const connectionPool = await cluster.connectionPoolBuilder.build(address)
  const [connection] = connectionPool.pool
  calm(connection.requestQueue)
  const broker = cluster.brokerPool.createBroker({ connectionPool, logger: cluster.rootLogger })
  return { broker, connection }
}
