/** The brokers of a local stack, as one. */
import { Effect, Schedule } from "effect"
import type { NodeAddress, SecurityProtocol } from "./KafkaConfig.ts"
import { makeNode, newClusterId } from "./KafkaNode.ts"
import type { KafkaNode } from "./KafkaNode.ts"
import { liveBrokers } from "./KafkaProbe.ts"
import { freePort } from "./Ports.ts"
import { realTime } from "./RealTime.ts"
import { StackError } from "./StackError.ts"
import type { Watchdog } from "./Watchdog.ts"

export interface ClusterOptions {
  readonly libs: string
  /** Number of brokers. */
  readonly brokers: number
  /** Largest heap of each broker, as the Java launcher writes it: `512m`, `1g`. */
  readonly heap: string
  /** `quick` starts fast and stays small; `measured` is what a server would run with. */
  readonly machine: "quick" | "measured"
  readonly security: SecurityProtocol
  readonly brokerConfig: Readonly<Record<string, string>>
  /** Of proxies in front of the brokers, in their order; a broker without one has no proxy. */
  readonly advertisedPorts: ReadonlyArray<number>
}

export interface KafkaCluster {
  readonly clusterId: string
  readonly nodes: ReadonlyArray<KafkaNode>
  /** Host:port list for clients. */
  readonly brokers: string
  /** The same brokers without any security, whatever clients are asked for. */
  readonly internalBrokers: string
  readonly start: Effect.Effect<void, StackError>
  readonly stop: Effect.Effect<void>
}

const jvmFlags = (options: ClusterOptions): ReadonlyArray<string> => [
  `-Xmx${options.heap}`,
  ...(options.machine === "quick" ? ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] : [
    `-Xms${options.heap}`,
    "-XX:+UseG1GC"
  ])
]

const newAddress = (id: number, advertisedPort: number | undefined) =>
  Effect.map(Effect.all([freePort, freePort, freePort]), (ports): NodeAddress => ({
    id,
    port: ports[0],
    advertisedPort: advertisedPort ?? ports[0],
    internalPort: ports[1],
    controllerPort: ports[2]
  }))

const addressList = (nodes: ReadonlyArray<NodeAddress>, which: "port" | "internalPort"): string =>
  nodes.map((node) => `127.0.0.1:${node[which]}`).join(",")

/** A running cluster; it ends with the scope. */
export const makeCluster = Effect.fnUntraced(
  function*(watchdog: Watchdog, options: ClusterOptions) {
    const ids = Array.from({ length: options.brokers }, (_, index) => index + 1)
    const addresses = yield* Effect.forEach(
      ids,
      (id, index) => newAddress(id, options.advertisedPorts[index])
    )
    const clusterId = newClusterId()
    const { brokerConfig, libs, security } = options
    const settings = { libs, jvm: jvmFlags(options), security, overrides: brokerConfig }
    const nodes = yield* Effect.forEach(
      addresses,
      (address) => makeNode(watchdog, clusterId, address, addresses, settings),
      { concurrency: "unbounded" }
    )
    const allAlive = (port: number) =>
      liveBrokers(port).pipe(
        Effect.repeat({
          until: (live) => live === nodes.length,
          schedule: Schedule.spaced("100 millis")
        }),
        Effect.timeoutFail({
          duration: "60 seconds",
          onTimeout: () => new StackError({ step: "start kafka", cause: "brokers are missing" })
        })
      )
    const start = Effect.zipRight(
      Effect.forEach(nodes, (node) => node.start, { concurrency: "unbounded", discard: true }),
      Effect.forEach(addresses, (address) => allAlive(address.internalPort), { discard: true })
    ).pipe(realTime)
    yield* start
    const cluster: KafkaCluster = {
      clusterId,
      nodes,
      brokers: addressList(addresses, "port"),
      internalBrokers: addressList(addresses, "internalPort"),
      start,
      stop: Effect.forEach(nodes, (node) => node.stop, { concurrency: "unbounded", discard: true })
    }
    return cluster
  }
)
