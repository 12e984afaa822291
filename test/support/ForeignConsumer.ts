/** A consumer of another make in a process of its own, to share a group with. */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import path from "node:path"
import type { Addresses } from "../../dev/stack/Stack.ts"
import { jdk } from "../../dev/stack/Tool.ts"

export interface ForeignConsumer {
  /** Leaves the group; returns when the process has ended. */
  readonly stop: Effect.Effect<void>
  /** All that it has printed. */
  readonly output: () => string
}

/** Runs until it is stopped or the scope is closed. */
export const foreignConsumer = (command: string, args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()))
    }
    const ended = Effect.async<void>((resume) => {
      if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
      child.once("close", () => resume(Effect.void))
    })
    const stop = Effect.zipRight(Effect.sync(() => child.kill("SIGTERM")), ended)
    yield* Effect.addFinalizer(() => stop)
    return { stop, output: () => output } satisfies ForeignConsumer
  })

/** Java's consumer with its CooperativeStickyAssignor. */
export const javaConsumer = ({ brokers, libs }: Addresses, groupId: string, topic: string) =>
  foreignConsumer(jdk("java"), [
    "-Xmx128m",
    "-XX:TieredStopAtLevel=1",
    "-cp",
    path.join(libs, "*"),
    "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "--bootstrap-server",
    brokers,
    "--topic",
    topic,
    "--group",
    groupId,
    "--consumer-property",
    "partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor"
  ])
