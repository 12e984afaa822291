/** Runs of the built program that are to go wrong, and what an operator gets to read of them. */
import { assert } from "@effect/vitest"
import { Duration, Effect } from "effect"
import net from "node:net"
import { listening } from "../../dev/stack/Listening.ts"
import type { LogLine, Workplace } from "./CommandLine.ts"

/** What operators see; at DEBUG there may be stack traces. */
export const asOperated = { LOG_LEVEL: "INFO" } as const

/** Within it everything that is wrong has to be said. */
const limitMs = 30_000

/** Words of the code below, which say nothing to operators. */
const internals = /\n\s+at |KafkaJS|kafkajs|@aws-sdk|\$metadata|node:internal|undefined|\[object/

export interface Failed {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly lines: ReadonlyArray<LogLine>
}

/** Runs a command that is to fail, and checks what holds for each: soon, readable, exit code 1. */
export const failing = (
  place: Workplace,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function*() {
    const command = yield* place.run(args, { ...asOperated, ...env })
    const [elapsed, finished] = yield* Effect.timed(command.finished)
    const lines = command.log()
    const { stderr } = finished
    assert.strictEqual(finished.code, 1, stderr)
    assert.notMatch(stderr, internals)
    assert.isBelow(Duration.toMillis(elapsed), limitMs, stderr)
    return { ...finished, lines } satisfies Failed
  }).pipe(Effect.scoped)

/** The same for a command that says one thing only; returns what it says. */
export const refused = (
  place: Workplace,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.map(failing(place, args, env), ({ lines, stderr, stdout }) => {
    const [failure, ...more] = lines.filter(({ level }) => level !== "INFO")
    assert.lengthOf(more, 0, stderr)
    assert.strictEqual(stdout, "")
    assert.deepInclude(failure, { level: "ERROR", msg: `${args[0]} failed` }, stderr)
    return failure?.["error"]
  })

/** A server that takes connections and treats each badly; its `host:port`. */
export const badServer = (treat: (socket: net.Socket) => void) => {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    treat(socket)
  })
  const disconnect = () => {
    for (const socket of sockets) socket.destroy()
  }
  return Effect.map(listening(server, disconnect), (port) => `127.0.0.1:${port}`)
}
