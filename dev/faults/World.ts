/** Everything that a run has in its hands: programs, proxies, topics, the small disk. */
import { Effect, Option } from "effect"
import path from "node:path"
import { Stack } from "../stack/Stack.ts"
import type { Watchdog } from "../stack/Watchdog.ts"
import { makeFaultProxy } from "./FaultProxy.ts"
import type { Program } from "./Program.ts"
import { makeProgram } from "./Program.ts"
import { backup, environment, plan, restore } from "./Programs.ts"
import { makeS3FaultProxy } from "./S3FaultProxy.ts"
import type { ProgramName } from "./Schedule.ts"
import { lasting, spares } from "./Schedule.ts"
import { makeSessions } from "./Sessions.ts"
import { makeSmallDisk } from "./SmallDisk.ts"
import { makeTopics } from "./Topics.ts"
import type { Trouble } from "./Trouble.ts"

/** Pause between two passes of the planner. */
const planEveryMs = 1500

export interface Place {
  /** Of this run, removed afterwards. */
  readonly directory: string
  readonly bundle: string
  readonly watchdog: Watchdog
  /** Told what happens, a line each. */
  readonly say: (line: string) => void
  /** Of the Kafka proxies, one for each broker. */
  readonly proxyPorts: ReadonlyArray<number>
}

/** The programs are made and not yet started. */
export const makeWorld = Effect.fnUntraced(function*(place: Place, trouble: Trouble) {
  const stack = yield* Stack
  const { bundle, directory, proxyPorts, say, watchdog } = place
  const kafkaProxies = yield* Effect.forEach(
    stack.nodes,
    ({ address }, index) => makeFaultProxy(proxyPorts[index] ?? 0, address.port)
  )
  const storeProxy = yield* makeS3FaultProxy(stack.addresses.s3.endpoint)
  const env = environment(stack.addresses, {
    brokers: proxyPorts.map((port) => `127.0.0.1:${port}`).join(","),
    endpoint: storeProxy.endpoint
  })
  const topics = yield* makeTopics
  const working = (name: string) => path.join(directory, "working", name)
  /** The buffer of this replica is on the small disk. */
  const disk = yield* makeSmallDisk(working("backup-2"))
  const logFile = (name: string) => path.join(directory, "logs", `${name}.log`)

  /** The command line of the built program, in the place where its working directory is. */
  const commandOf = (name: string, args: ReadonlyArray<string>) => {
    const command = [process.execPath, bundle, ...args] as const
    return name === "backup-2" && Option.isSome(disk) ? disk.value.enter(command) : command
  }
  const argsOf = (name: string) =>
    name.startsWith("backup") ? backup(working(name)) : name === "planner" ? plan : restore

  const programs = new Map<ProgramName, Program>()
  for (const name of [...lasting, ...spares]) {
    programs.set(
      name,
      yield* makeProgram(watchdog, trouble, {
        name,
        command: commandOf(name, argsOf(name)),
        env,
        logFile: logFile(name),
        ...(name === "planner" ? { everyMs: planEveryMs } : {})
      })
    )
  }

  const semaphore = Effect.map(Effect.makeSemaphore(1), (one) => one.withPermits(1))
  return {
    stack,
    topics,
    kafkaProxies,
    storeProxy,
    disk,
    programs,
    env,
    watchdog,
    say,
    commandOf,
    working,
    logFile,
    /** One fault at a time. */
    turns: {
      brokers: yield* Effect.forEach(stack.nodes, () => semaphore),
      kafkaLinks: yield* Effect.forEach(stack.nodes, () => semaphore),
      storeLink: yield* semaphore,
      disk: yield* semaphore
    },
    sessions: makeSessions(stack, [...programs.values()])
  }
})

export type World = Effect.Effect.Success<ReturnType<typeof makeWorld>>
