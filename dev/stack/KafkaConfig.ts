/** The server.properties of a local broker. */
import path from "node:path"

export interface NodeAddress {
  readonly id: number
  /** For clients, with the security protocol asked for. */
  readonly port: number
  /** The port that clients are told: its own, or that of a proxy in front of it. */
  readonly advertisedPort: number
  /** For the brokers among themselves and for the stack's own tools: always plain text. */
  readonly internalPort: number
  readonly controllerPort: number
}

export type SecurityProtocol = "PLAINTEXT" | "SASL_PLAINTEXT" | "SSL" | "SASL_SSL"

/** Bytes of the largest record batch that the local stack takes. */
export const maxMessageBytes = 32 * 1024 * 1024

const longestMs = "9223372036854775807"

/**
 * Small internal topics and short intervals, so that tests see compaction, retention and
 * transaction timeouts within seconds. Records may have any timestamp, and none expires by it unless
 * its topic says so.
 */
const defaults = (nodes: number): Record<string, string> => ({
  "auto.create.topics.enable": "false",
  "broker.heartbeat.interval.ms": "500",
  "broker.session.timeout.ms": "4000",
  "default.replication.factor": String(nodes),
  "group.initial.rebalance.delay.ms": "0",
  "group.min.session.timeout.ms": "1000",
  "log.cleaner.backoff.ms": "500",
  "log.cleaner.dedupe.buffer.size": "8388608",
  "log.initial.task.delay.ms": "1000",
  "log.message.timestamp.after.max.ms": longestMs,
  "log.message.timestamp.before.max.ms": longestMs,
  "log.retention.check.interval.ms": "1000",
  "log.retention.ms": "-1",
  "log.segment.delete.delay.ms": "1000",
  "message.max.bytes": String(maxMessageBytes),
  "num.io.threads": "4",
  "num.network.threads": "2",
  "offsets.topic.num.partitions": "4",
  "offsets.topic.replication.factor": String(nodes),
  "replica.fetch.max.bytes": String(maxMessageBytes),
  "socket.request.max.bytes": String(4 * maxMessageBytes),
  "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
  "transaction.state.log.min.isr": "1",
  "transaction.state.log.num.partitions": "4",
  "transaction.state.log.replication.factor": String(nodes)
})

/** Each node is broker and controller in one; all of them vote. `overrides` have the last word. */
export const serverProperties = (
  node: NodeAddress,
  nodes: ReadonlyArray<NodeAddress>,
  directory: string,
  security: SecurityProtocol,
  overrides: Readonly<Record<string, string>>
): string => {
  const client = `CLIENT://127.0.0.1:${node.port}`
  const advertised = `CLIENT://127.0.0.1:${node.advertisedPort}`
  const internal = `INTERNAL://127.0.0.1:${node.internalPort}`
  const settings: Record<string, string> = {
    ...defaults(nodes.length),
    "process.roles": "broker,controller",
    "node.id": String(node.id),
    "controller.quorum.voters": nodes
      .map(({ controllerPort, id }) => `${id}@127.0.0.1:${controllerPort}`).join(","),
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "INTERNAL",
    "listeners": `${client},${internal},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    "advertised.listeners": `${advertised},${internal}`,
    "listener.security.protocol.map": `CLIENT:${security},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    "log.dirs": path.join(directory, "data"),
    ...overrides
  }
  return Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join("")
}
