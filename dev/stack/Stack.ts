/** A real Kafka and a real S3 on this machine, for tests, the demo and the benchmark. */
import type { Scope } from "effect"
import { Context, Effect, Layer } from "effect"
import { makeCluster } from "./KafkaCluster.ts"
import type { SecurityProtocol } from "./KafkaConfig.ts"
import { kafkaLibs, kafkaVersion } from "./KafkaLibs.ts"
import type { KafkaNode } from "./KafkaNode.ts"
import type { S3Address } from "./S3Gateway.ts"
import { makeS3Gateway } from "./S3Gateway.ts"
import type { StackError } from "./StackError.ts"
import { makeWatchdog } from "./Watchdog.ts"

export interface StackOptions {
  /** Number of brokers; default 1. */
  readonly brokers?: number
  /** Release of Apache Kafka; default KAFKA_VERSION, else the newest supported. */
  readonly kafkaVersion?: string
  /** Largest heap of each broker; default `512m`. */
  readonly heap?: string
  /** `quick` (default) starts fast and stays small; `measured` is for benchmarks. */
  readonly machine?: "quick" | "measured"
  /** What clients have to speak; default PLAINTEXT. */
  readonly security?: SecurityProtocol
  /** Broker settings on top of the stack's own. */
  readonly brokerConfig?: Readonly<Record<string, string>>
  /**
   * Ports that the brokers name to clients, in their order, for proxies on 127.0.0.1 in front of
   * them; default their own.
   */
  readonly advertisedPorts?: ReadonlyArray<number>
  /** Buckets to create; default one, `archive`. */
  readonly buckets?: readonly [string, ...ReadonlyArray<string>]
}

/** Where the servers are: plain data, so that it can be handed to another process. */
export interface Addresses {
  /** Host:port list for clients. */
  readonly brokers: string
  /** The same brokers without any security, whatever clients are asked for. */
  readonly internalBrokers: string
  readonly clusterId: string
  readonly kafkaVersion: string
  readonly s3: S3Address
  /** Directory with Kafka's jars, for `java -cp 'libs/*'`. */
  readonly libs: string
}

export class StackAddresses
  extends Context.Tag("kafka-data-keep/dev/StackAddresses")<StackAddresses, Addresses>()
{}

export interface StackControl {
  readonly addresses: Addresses
  /** Brokers by index from 0: each has start, stop, kill, pause, resume and pid. */
  readonly nodes: ReadonlyArray<KafkaNode>
  /** A clean stop of all brokers. Ports and data stay. */
  readonly stopKafka: Effect.Effect<void>
  /** Returns when all brokers serve requests again. */
  readonly startKafka: Effect.Effect<void, StackError>
  readonly restartKafka: Effect.Effect<void, StackError>
  /** SIGKILL to all brokers. */
  readonly killKafka: Effect.Effect<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  readonly pauseKafka: Effect.Effect<void>
  readonly resumeKafka: Effect.Effect<void>
  readonly stopS3: Effect.Effect<void>
  readonly startS3: Effect.Effect<void, StackError>
  readonly pauseS3: Effect.Effect<void>
  readonly resumeS3: Effect.Effect<void>
  /** Process ids for measuring; undefined while stopped. */
  readonly s3Pid: Effect.Effect<number | undefined>
}

export class Stack extends Context.Tag("kafka-data-keep/dev/Stack")<Stack, StackControl>() {}

const make = (options: StackOptions): Effect.Effect<StackControl, StackError, Scope.Scope> =>
  Effect.gen(function*() {
    const version = options.kafkaVersion ?? kafkaVersion()
    const libs = yield* kafkaLibs(version)
    const watchdog = yield* makeWatchdog
    const [cluster, s3] = yield* Effect.all([
      makeCluster(watchdog, {
        libs,
        brokers: options.brokers ?? 1,
        heap: options.heap ?? "512m",
        machine: options.machine ?? "quick",
        security: options.security ?? "PLAINTEXT",
        brokerConfig: options.brokerConfig ?? {},
        advertisedPorts: options.advertisedPorts ?? []
      }),
      makeS3Gateway(watchdog, options.buckets ?? ["archive"])
    ], { concurrency: 2 })
    const { brokers, clusterId, internalBrokers, nodes } = cluster
    const onAll = (f: (node: KafkaNode) => Effect.Effect<void>) =>
      Effect.forEach(nodes, f, { concurrency: "unbounded", discard: true })
    return {
      addresses: {
        brokers,
        internalBrokers,
        clusterId,
        kafkaVersion: version,
        s3: s3.address,
        libs
      },
      nodes,
      stopKafka: cluster.stop,
      startKafka: cluster.start,
      restartKafka: Effect.zipRight(cluster.stop, cluster.start),
      killKafka: onAll((node) => node.kill),
      pauseKafka: onAll((node) => node.pause),
      resumeKafka: onAll((node) => node.resume),
      stopS3: s3.stop,
      startS3: s3.start,
      pauseS3: s3.pause,
      resumeS3: s3.resume,
      s3Pid: s3.pid
    }
  })

/** Starts everything, ready to be used; stops everything and removes its files with the scope. */
export const StackLayer = (
  options: StackOptions = {}
): Layer.Layer<Stack | StackAddresses, StackError> => {
  const stack = Layer.scoped(Stack, make(options))
  return Layer.provideMerge(
    Layer.effect(StackAddresses, Effect.map(Stack, ({ addresses }) => addresses)),
    stack
  )
}
