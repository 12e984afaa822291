/**
 * Requests to brokers over connections that are opened when needed and opened again when lost.
 * `KafkaConnectionsLayer.ts` implements it on kafkajs's sockets, TLS and SASL.
 */
import type { Effect, Redacted } from "effect"
import { Context } from "effect"
import type { Api } from "../src/codec/kafka/Api.ts"
import type { Broker, KafkaError } from "./Kafka.ts"

export interface KafkaTlsSettings {
  /** Paths of PEM files, read at every connect: a changed file needs no restart. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

export interface KafkaSaslSettings {
  readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512"
  readonly username: string
  /** A file is read at every connect; one line end at its end is not part of the password. */
  readonly password: Redacted.Redacted | { readonly file: string }
}

export interface KafkaSettings {
  /** `host:port` each, or a name with an SRV record `_kafka._tcp.NAME`, asked at every bootstrap. */
  readonly brokers: ReadonlyArray<string> | { readonly srvName: string }
  readonly clientId: string
  readonly tls?: KafkaTlsSettings | undefined
  readonly sasl?: KafkaSaslSettings | undefined
  /** What the Kafka client library may log. */
  readonly logLevel: "debug" | "info" | "warn" | "error" | "none"
  /** Milliseconds for TCP, TLS and SASL of one connection together; 10,000 unless told. */
  readonly connectionTimeoutMs?: number | undefined
  /** Milliseconds for an answer, besides what the request itself may wait; 30,000 unless told. */
  readonly requestTimeoutMs?: number | undefined
}

export interface Destination {
  /** Node id. */
  readonly broker: number
  /**
   * Requests of one lane share a connection, which a broker serves one request at a time: what may
   * wait long at the broker goes by a lane of its own.
   */
  readonly lane: string
  /** Milliseconds that the broker may take by the request's own terms; 0 unless told. */
  readonly waitMs?: number | undefined
  /** What an error names besides the broker: a topic-partition or a group. */
  readonly subject?: string | undefined
}

export class KafkaConnections extends Context.Tag("kafka-data-keep/KafkaConnections")<
  KafkaConnections,
  {
    /**
     * Requests of one lane to one broker go onto the wire in the order in which their effects were
     * started, as many at once as wanted. When the connection is lost, all of them fail with
     * CONNECTION_FAILED; the next request connects anew. An interrupted effect drops its answer
     * and leaves the others alone. An unknown node id fails with BROKER_NOT_AVAILABLE.
     */
    readonly call: <Request, Response>(
      to: Destination,
      api: Api<Request, Response>,
      request: Request
    ) => Effect.Effect<Response, KafkaError>
    /** Any broker: those with an open connection first, then the others, then the bootstrap ones. */
    readonly callAny: <Request, Response>(
      api: Api<Request, Response>,
      request: Request
    ) => Effect.Effect<Response, KafkaError>
    /** Tells the brokers of the cluster, in place of all told before. */
    readonly learn: (brokers: ReadonlyArray<Broker>) => Effect.Effect<void>
    readonly knows: (broker: number) => boolean
    /** It was told at this address, and the next request goes there. */
    readonly knowsAt: (broker: number, host: string, port: number) => boolean
    /** Closes one lane's connection; the broker forgets what waits there. */
    readonly close: (to: Destination) => Effect.Effect<void>
  }
>() {}
