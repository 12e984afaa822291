/** Opens a connection to a broker and tells in one sentence why it could not. */
import type { logCreator } from "kafkajs"
import { setCorrelationId } from "../src/codec/kafka/Api.ts"
import type { KafkaErrorName } from "../src/codec/kafka/ErrorCodes.ts"
import { KafkaError } from "./Kafka.ts"
import { AnswerReader } from "./kafka/AnswerReader.ts"
import type { Job, Wire } from "./kafka/Lane.ts"
import { connectionFailed } from "./kafka/Lane.ts"
import type { Address } from "./KafkaBootstrapLayer.ts"
import { addressText } from "./KafkaBootstrapLayer.ts"
import type { ClientBroker, ClientConnection } from "./KafkaClientLayer.ts"
import { makeClient } from "./KafkaClientLayer.ts"
import type { KafkaSettings } from "./KafkaConnections.ts"
import { socketFactory, SocketWatch } from "./KafkaTlsLayer.ts"

const textOf = (cause: unknown): string => {
  if (cause instanceof AggregateError && cause.errors.length > 0) {
    return cause.errors.map(textOf).join("; ")
  }
  return cause instanceof Error ? cause.message : String(cause)
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : ""

const saslTypes: ReadonlySet<unknown> = new Set([
  "ILLEGAL_SASL_STATE",
  "SASL_AUTHENTICATION_FAILED",
  "UNSUPPORTED_SASL_MECHANISM"
])

const isSaslError = (cause: unknown): boolean =>
  cause instanceof Error &&
  (cause.name === "KafkaJSSASLAuthenticationError" ||
    ("type" in cause && saslTypes.has(cause.type)))

const connectError = (
  cause: unknown,
  watch: SocketWatch,
  { sasl, tls }: KafkaSettings,
  subject: string
): KafkaError => {
  const fail = (reason: KafkaErrorName, detail: string) =>
    new KafkaError({ reason, operation: "connect", subject, cause: detail })
  if (isSaslError(cause)) {
    const noSasl = cause instanceof Error && "type" in cause && cause.type === "ILLEGAL_SASL_STATE"
    const hint = noSasl ? "; is this a listener without SASL?" : ""
    return fail("SASL_AUTHENTICATION_FAILED", textOf(cause) + hint)
  }
  const detail = textOf(watch.error ?? cause)
  const handshake = tls !== undefined && watch.tcp && !watch.tls
  if (watch.tlsFiles || handshake || /^ERR_(SSL|TLS)/.test(codeOf(watch.error))) {
    const hint = codeOf(watch.error) === "ECONNRESET" ? "; is this a listener without TLS?" : ""
    return fail("TLS_FAILED", detail + hint)
  }
  // A broker says nothing when it is spoken to in the wrong protocol.
  const silent = watch.tcp && watch.error === undefined
  const said = !silent ? detail : detail
    .replace("Closed connection", "the connection was closed unanswered")
    .replace("not connected", "no answer")
  const expected = tls === undefined ? "TLS" : sasl === undefined ? "SASL" : ""
  const hint = silent && expected !== "" ? `; does this listener expect ${expected}?` : ""
  return fail("CONNECTION_FAILED", said + hint)
}

/** Milliseconds in which a broker closes a connection that it does not like. */
const refusedWithinMs = 1000

const supports = (broker: ClientBroker, { api }: Job): string | undefined => {
  const range = broker.versions?.[api.key]
  if (range === undefined) return `the broker does not know ${api.name}`
  return api.version < range.minVersion || api.version > range.maxVersion
    ? `${api.name} ${api.version} is needed, the broker has ${range.minVersion} to ${range.maxVersion}`
    : undefined
}

const wireOf = (
  broker: ClientBroker,
  connection: ClientConnection,
  watch: SocketWatch,
  settings: KafkaSettings,
  subject: string
): Wire => {
  const inflight = new Map<number, Job>()
  const queue = connection.requestQueue
  let alive = true
  /** While nothing was answered: a listener with SASL closes at the first request without. */
  let unheard = settings.sasl === undefined
  const openedAt = Date.now()

  const end = (error: KafkaError): void => {
    if (!alive) return
    alive = false
    const jobs = [...inflight.values()]
    inflight.clear()
    queue.rejectAll(error)
    void connection.disconnect()
    watch.socket?.destroy()
    for (const job of jobs) job.fail(error)
  }
  watch.onLost = () => {
    const refused = unheard && Date.now() - openedAt < refusedWithinMs
    const hint = refused ? "; does this listener expect SASL?" : ""
    const detail = watch.error === undefined
      ? `the broker closed the connection${hint}`
      : textOf(watch.error)
    end(connectionFailed("connection", subject, detail))
  }

  const answers = new AnswerReader(({ correlationId, payload, raw }) => {
    if (connection.authHandlers) login(raw())
    else queue.fulfillRequest({ size: payload.length + 4, correlationId, payload })
  })
  const login = connection.processData.bind(connection)
  const take = (bytes: Buffer) => {
    try {
      answers.take(bytes)
    } catch (cause) {
      end(connectionFailed("connection", subject, `this is not Kafka's protocol: ${textOf(cause)}`))
    }
  }
  connection.processData = take
  watch.onBytes = take

  const failure = (reason: KafkaErrorName, { api }: Job, cause: string) =>
    new KafkaError({ reason, operation: api.name, subject, cause })

  const start = (job: Job): void => {
    if (!alive) return job.fail(connectionFailed(job.api.name, subject, "the connection is lost"))
    const unsupported = supports(broker, job)
    if (unsupported !== undefined) {
      return job.fail(failure("UNSUPPORTED_VERSION", job, unsupported))
    }
    const correlationId = connection.nextCorrelationId()
    setCorrelationId(job.frame, correlationId)
    inflight.set(correlationId, job)
    // kafkajs would let this request overtake those that a throttle has just ended for.
    if (queue.pending.length > 0) queue.checkPendingRequests()
    queue.push({
      entry: {
        apiKey: job.api.key,
        apiName: job.api.name,
        apiVersion: job.api.version,
        correlationId,
        resolve: ({ payload }) => {
          unheard = false
          queue.maybeThrottle(job.throttleMs(payload))
          if (inflight.delete(correlationId)) job.succeed(payload)
        },
        reject: (cause) => {
          if (!inflight.delete(correlationId)) return
          // Only a request that timed out is rejected while the connection lives. Its answer may
          // still come, and what waits behind it is late too: start over, but not inside of
          // kafkajs's walk over its requests.
          job.fail(failure("REQUEST_TIMED_OUT", job, cause.message))
          const why = `${job.api.name} got no answer in time`
          queueMicrotask(() => end(connectionFailed("connection", subject, why)))
        }
      },
      expectResponse: true,
      requestTimeout: job.timeoutMs,
      sendRequest: () => {
        watch.socket?.cork()
        for (const part of job.frame) watch.socket?.write(part)
        watch.socket?.uncork()
      }
    })
  }

  return {
    alive: () => alive && connection.isConnected(),
    authenticated: () => settings.sasl === undefined || connection.isAuthenticated(),
    renew: () =>
      connection.authenticate().catch((cause: unknown) => {
        throw connectError(cause, watch, settings, subject)
      }),
    start,
    end
  }
}

/** Rejects when the signal is aborted; never counts as unhandled. */
const rejection = (signal: AbortSignal, why: string): Promise<never> => {
  const promise = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(why)), { once: true })
  })
  promise.catch(() => {})
  return promise
}

/** TCP, TLS, version ranges and SASL, all within the connection timeout. */
export const openWire = async (
  address: Address,
  settings: KafkaSettings,
  logCreator: logCreator,
  signal: AbortSignal
): Promise<Wire> => {
  const subject = addressText(address)
  const watch = new SocketWatch()
  const timeouts = {
    connectionMs: settings.connectionTimeoutMs ?? 10_000,
    requestMs: settings.requestTimeoutMs ?? 30_000
  }
  const factory = socketFactory(settings.tls, watch)
  const patience = AbortSignal.timeout(timeouts.connectionMs)
  const late = rejection(patience, `not connected within ${timeouts.connectionMs} ms`)
  const closed = rejection(signal, "closed while connecting")
  try {
    const { broker, connection } = await makeClient(
      address,
      settings,
      timeouts,
      factory,
      logCreator
    )
    try {
      await Promise.race([broker.connect(), late, closed])
      return wireOf(broker, connection, watch, settings, subject)
    } catch (cause) {
      connection.requestQueue.rejectAll(new Error("given up"))
      void connection.disconnect()
      watch.socket?.destroy()
      throw connectError(cause, watch, settings, subject)
    }
  } catch (cause) {
    if (cause instanceof KafkaError) throw cause
    // Only the password file is read before there is a socket.
    const reason = "SASL_AUTHENTICATION_FAILED"
    throw new KafkaError({ reason, operation: "connect", subject, cause: textOf(cause) })
  }
}
