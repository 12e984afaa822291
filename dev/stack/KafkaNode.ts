/** One broker process: formatted once, then started and stopped on the same ports and data. */
import { Effect, Ref } from "effect"
import { randomUUID } from "node:crypto"
import fs from "node:fs/promises"
import path from "node:path"
import type { Child } from "./Child.ts"
import { awaitReady, startChild, stopChild } from "./Child.ts"
import type { NodeAddress, SecurityProtocol } from "./KafkaConfig.ts"
import { serverProperties } from "./KafkaConfig.ts"
import { liveBrokers } from "./KafkaProbe.ts"
import { StackError } from "./StackError.ts"
import { jdk, runTool } from "./Tool.ts"
import type { Watchdog } from "./Watchdog.ts"

export interface NodeOptions {
  readonly libs: string
  /** Flags of the Java virtual machine. */
  readonly jvm: ReadonlyArray<string>
  readonly security: SecurityProtocol
  readonly overrides: Readonly<Record<string, string>>
}

export interface KafkaNode {
  readonly address: NodeAddress
  /** Undefined while it is stopped. */
  readonly pid: Effect.Effect<number | undefined>
  /** Returns when it and, in the end, `nodes` brokers serve requests. */
  readonly start: Effect.Effect<void, StackError>
  readonly stop: Effect.Effect<void>
  /** As a crash: SIGKILL. */
  readonly kill: Effect.Effect<void>
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

/** Any 16 bytes as Kafka writes its ids: 22 characters of base64url; no `-` first, as a flag has. */
export const newClusterId = (): string => {
  const id = Buffer.from(randomUUID().replaceAll("-", ""), "hex").toString("base64url")
  return id.startsWith("-") ? newClusterId() : id
}

/** The node formatted but not yet running; it ends with the scope. */
export const makeNode = Effect.fnUntraced(function*(
  watchdog: Watchdog,
  clusterId: string,
  address: NodeAddress,
  nodes: ReadonlyArray<NodeAddress>,
  { jvm, libs, overrides, security }: NodeOptions
) {
  const name = `kafka-${address.id}`
  const directory = path.join(watchdog.directory, name)
  const config = path.join(directory, "server.properties")
  const classPath = ["-cp", path.join(libs, "*")]
  yield* Effect.tryPromise({
    try: async () => {
      await fs.mkdir(directory)
      await fs.writeFile(config, serverProperties(address, nodes, directory, security, overrides))
    },
    catch: (cause) => new StackError({ step: `configure ${name}`, cause })
  })
  const format = ["kafka.tools.StorageTool", "format", "-t", clusterId, "-c", config]
  const quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
  yield* runTool(`format ${name}`, jdk("java"), [...quick, ...classPath, ...format])

  const running = yield* Ref.make<Child | undefined>(undefined)
  const withChild = <A>(use: (child: Child) => Effect.Effect<A>) =>
    Effect.flatMap(Ref.get(running), (child) => child === undefined ? Effect.void : use(child))

  const start = Effect.gen(function*() {
    const child = yield* startChild(watchdog, {
      name,
      command: jdk("java"),
      args: [
        ...jvm,
        ...classPath,
        "kafka.Kafka",
        config
      ],
      logFile: path.join(directory, "broker.log")
    })
    yield* Ref.set(running, child)
    const ready = Effect.map(liveBrokers(address.internalPort), (live) => live > 0)
    yield* awaitReady(child, ready, 120)
  })
  const end = (patience: "10 seconds" | "0 seconds") =>
    Effect.zipRight(withChild((child) => stopChild(child, patience)), Ref.set(running, undefined))

  yield* Effect.addFinalizer(() => end("0 seconds"))
  const node: KafkaNode = {
    address,
    pid: Effect.map(Ref.get(running), (child) => child?.pid),
    start,
    stop: end("10 seconds"),
    kill: end("0 seconds"),
    pause: withChild((child) => child.signal("SIGSTOP")),
    resume: withChild((child) => child.signal("SIGCONT"))
  }
  return node
})
