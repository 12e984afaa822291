/** A tmpfs of a few megabytes in a mount namespace of its own: a disk that can be full. */
import { Effect, Option } from "effect"
import { spawn } from "node:child_process"
import fs from "node:fs/promises"
import path from "node:path"
import readline from "node:readline"

export interface SmallDisk {
  /** Where the programs that `enter` starts see it. */
  readonly directory: string
  /** The command line that runs another one where the disk is. */
  readonly enter: (command: ReadonlyArray<string>) => readonly [string, ...ReadonlyArray<string>]
  /** Takes all the room that is left. */
  readonly fill: Effect.Effect<void>
  readonly free: Effect.Effect<void>
}

const megabytes = 12

const mount = (directory: string) =>
  `mount -t tmpfs -o size=${megabytes}m tmpfs '${directory}' && echo ready && read -r end`

/** The process whose namespace it is; it ends when its stdin does. */
const holder = (directory: string) =>
  Effect.acquireRelease(
    Effect.async<Option.Option<number>>((resume) => {
      const child = spawn("unshare", ["-rm", "sh", "-c", mount(directory)], {
        stdio: ["pipe", "pipe", "ignore"],
        detached: true
      })
      child.stdin.on("error", () => undefined)
      readline.createInterface(child.stdout).once("line", () =>
        resume(Effect.succeed(Option.fromNullable(child.pid))))
      child.once("error", () =>
        resume(Effect.succeed(Option.none())))
      child.once("exit", () => resume(Effect.succeed(Option.none())))
    }),
    Option.match({
      onNone: () => Effect.void,
      onSome: (pid) => Effect.ignore(Effect.try(() => process.kill(pid, "SIGKILL")))
    })
  )

const writeUntilFull = async (file: string): Promise<void> => {
  const handle = await fs.open(file, "w")
  const chunk = Buffer.alloc(4096)
  try {
    for (let at = 0; at < megabytes * 1024 * 1024; at += chunk.length) await handle.write(chunk)
  } catch {
    // Full is what it has to be.
  } finally {
    await handle.close()
  }
}

/** Nothing where the system does not let its users mount; it ends with the scope. */
export const makeSmallDisk = (
  directory: string
) =>
  Effect.gen(function*() {
    yield* Effect.promise(() => fs.mkdir(directory, { recursive: true }))
    return Option.map(yield* holder(directory), (pid): SmallDisk => {
      const ballast = path.join(`/proc/${pid}/root`, directory, "ballast")
      const inside = ["-t", String(pid), "-U", "-m", "--preserve-credentials"]
      return {
        directory,
        enter: (command) => ["nsenter", ...inside, ...command],
        fill: Effect.promise(() => writeUntilFull(ballast)),
        free: Effect.promise(() => fs.rm(ballast, { force: true }))
      }
    })
  })
