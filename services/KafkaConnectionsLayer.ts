/** Connections to the brokers of one cluster, by address and lane. */
import { Effect, Either, Layer, LogLevel, Runtime } from "effect"
import type { logCreator, logLevel } from "kafkajs"
import type { Api } from "../src/codec/kafka/Api.ts"
import { decodeResponse, encodeRequest, throttleMs } from "../src/codec/kafka/Api.ts"
import type { KafkaErrorName } from "../src/codec/kafka/ErrorCodes.ts"
import type { Broker } from "./Kafka.ts"
import { KafkaError } from "./Kafka.ts"
import type { Wire } from "./kafka/Lane.ts"
import { connectionFailed, Lane } from "./kafka/Lane.ts"
import type { Address } from "./KafkaBootstrapLayer.ts"
import { addressText, bootstrapAddresses } from "./KafkaBootstrapLayer.ts"
import type { Destination, KafkaSettings } from "./KafkaConnections.ts"
import { KafkaConnections } from "./KafkaConnections.ts"

/** The lane of requests that are answered at once. */
const controlLane = "control"
/** Milliseconds in which one of the brokers has to answer `callAny`, and each of them. */
const anyBrokerMs = 25_000
const oneBrokerMs = 12_000

const elsewhere: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "CONNECTION_FAILED",
  "REQUEST_TIMED_OUT",
  "TLS_FAILED"
])

const closed = connectionFailed("close", "", "the Kafka connections are closed")

/** By the numbers of kafkajs's `logLevel`. */
const levels = {
  0: LogLevel.None,
  1: LogLevel.Error,
  2: LogLevel.Warning,
  4: LogLevel.Info,
  5: LogLevel.Debug
} as const

/** kafkajs is loaded at the first connection: a plan that is only shown makes none. */
const openWire = async (
  address: Address,
  settings: KafkaSettings,
  log: logCreator,
  signal: AbortSignal
): Promise<Wire> => {
  const wires = await import("./KafkaWireLayer.ts")
  signal.throwIfAborted()
  return wires.openWire(address, settings, log, signal)
}

const late = (reason: KafkaErrorName, operation: string, subject: string, ms: number) =>
  new KafkaError({ reason, operation, subject, cause: `no answer within ${ms} ms` })

const laneKey = (address: Address, lane: string) => `${addressText(address)} ${lane}`

const make = Effect.fnUntraced(function*(settings: KafkaSettings) {
  const fork = Runtime.runFork(yield* Effect.runtime())
  const logCreator = () =>
  ({ level, log, namespace }: {
    level: logLevel
    namespace: string
    log: { readonly message: string; readonly broker?: unknown }
  }) => {
    // Its errors are failures of connecting, and told as such by whoever needed the connection.
    const shown = levels[level]
    const effective = shown === LogLevel.Error ? LogLevel.Debug : shown
    fork(
      Effect.logWithLevel(effective, log.message).pipe(
        Effect.annotateLogs({ client: `kafkajs ${namespace}`, broker: log.broker ?? "" })
      )
    )
  }

  const lanes = yield* Effect.acquireRelease(
    Effect.sync(() => new Map<string, Lane>()),
    (lanes) =>
      Effect.sync(() => {
        for (const lane of lanes.values()) lane.close(closed)
      })
  )
  let nodes: ReadonlyMap<number, Address> = new Map()

  const laneTo = (address: Address, name: string): Lane => {
    const key = laneKey(address, name)
    const known = lanes.get(key)
    if (known !== undefined) return known
    const lane = new Lane((signal) => openWire(address, settings, logCreator, signal))
    lanes.set(key, lane)
    return lane
  }

  const requestMs = settings.requestTimeoutMs ?? 30_000
  const callAt = <Request, Response>(
    address: Address,
    { lane, subject, waitMs }: Omit<Destination, "broker">,
    api: Api<Request, Response>,
    request: Request
  ) =>
    Effect.async<Response, KafkaError>((resume) => {
      const cancel = laneTo(address, lane).submit({
        api,
        frame: encodeRequest(api, settings.clientId, request),
        timeoutMs: requestMs + (waitMs ?? 0),
        throttleMs: (payload) => throttleMs(api, payload),
        fail: (error) => resume(Effect.fail(error)),
        succeed: (payload) => {
          try {
            resume(Effect.succeed(decodeResponse(api, payload)))
          } catch (cause) {
            resume(Effect.fail(
              new KafkaError({
                reason: "MALFORMED_RESPONSE",
                operation: api.name,
                subject: subject ?? addressText(address),
                cause
              })
            ))
          }
        }
      })
      return Effect.sync(cancel)
    })

  const call = <Request, Response>(
    to: Destination,
    api: Api<Request, Response>,
    request: Request
  ): Effect.Effect<Response, KafkaError> =>
    Effect.suspend(() => {
      const address = nodes.get(to.broker)
      return address === undefined
        ? new KafkaError({
          reason: "BROKER_NOT_AVAILABLE",
          operation: api.name,
          subject: to.subject ?? "",
          cause: `broker ${to.broker} is not in the cluster's metadata`
        })
        : callAt(address, to, api, request)
    })

  const isOpen = (address: Address) => lanes.get(laneKey(address, controlLane))?.open === true

  const callAny = <Request, Response>(
    api: Api<Request, Response>,
    request: Request
  ): Effect.Effect<Response, KafkaError> =>
    Effect.gen(function*() {
      const failures: Array<KafkaError> = []
      const tried = new Set<string>()
      const tryAll = Effect.fnUntraced(function*(addresses: ReadonlyArray<Address>) {
        for (const address of addresses) {
          if (tried.has(addressText(address))) continue
          tried.add(addressText(address))
          const attempt = callAt(address, { lane: controlLane }, api, request).pipe(
            Effect.timeoutFail({
              duration: oneBrokerMs,
              onTimeout: () =>
                late("REQUEST_TIMED_OUT", api.name, addressText(address), oneBrokerMs)
            })
          )
          // A connection that was open may have been closed meanwhile, which says little.
          const again = isOpen(address) ? 1 : 0
          const answer = yield* attempt.pipe(
            Effect.retry({ times: again, while: ({ reason }) => reason === "CONNECTION_FAILED" }),
            Effect.either
          )
          if (Either.isRight(answer)) return [answer.right] as const
          if (!elsewhere.has(answer.left.reason)) return yield* answer.left
          failures.push(answer.left)
        }
        return []
      })
      const known = [...nodes.values()].sort(() => Math.random() - 0.5)
      const first = yield* tryAll([...known.filter(isOpen), ...known])
      if (first.length > 0) return first[0]
      const second = yield* tryAll(yield* bootstrapAddresses(settings.brokers))
      if (second.length > 0) return second[0]
      const last = failures.at(-1) ?? closed
      return yield* failures.length < 2 ? last : new KafkaError({
        reason: last.reason,
        operation: api.name,
        subject: [...tried].join(", "),
        cause: last.cause
      })
    }).pipe(
      Effect.timeoutFail({
        duration: anyBrokerMs,
        onTimeout: () => late("CONNECTION_FAILED", api.name, "", anyBrokerMs)
      })
    )

  const learn = (brokers: ReadonlyArray<Broker>) =>
    Effect.sync(() => {
      nodes = new Map(brokers.map((broker) => [broker.nodeId, broker]))
    })

  const close = (to: Destination) =>
    Effect.sync(() => {
      const address = nodes.get(to.broker)
      if (address === undefined) return
      const key = laneKey(address, to.lane)
      lanes.get(key)?.close(closed)
      lanes.delete(key)
    })

  const knowsAt = (broker: number, host: string, port: number) => {
    const address = nodes.get(broker)
    return address?.host === host && address.port === port
  }

  return KafkaConnections.of({
    call,
    callAny,
    learn,
    knows: (broker) => nodes.has(broker),
    knowsAt,
    close
  })
})

/** Connects at the first request, not before; closes all sockets with its scope. */
export const KafkaConnectionsLayer = (settings: KafkaSettings) =>
  Layer.scoped(KafkaConnections, make(settings))
