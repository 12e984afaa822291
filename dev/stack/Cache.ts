/** Where downloaded tools live, and how they get there exactly once. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import os from "node:os"
import path from "node:path"
import { realTime } from "./RealTime.ts"
import { StackError } from "./StackError.ts"

const failed = (step: string) => (cause: unknown) => new StackError({ step, cause })

const cacheHome = (): string => process.env["XDG_CACHE_HOME"] || path.join(os.homedir(), ".cache")

/** A path below this program's directory in the user's cache. */
export const cachePath = (...parts: ReadonlyArray<string>): string =>
  path.join(cacheHome(), "kafka-data-keep", ...parts)

const exists = (file: string) => Effect.promise(() => fs.access(file).then(() => true, () => false))

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Takes the lock file, also from an owner that is gone. */
const takeLock = (lock: string) =>
  Effect.promise(async () => {
    try {
      await fs.writeFile(lock, String(process.pid), { flag: "wx" })
      return true
    } catch {
      const owner = Number(await fs.readFile(lock, "utf8").catch(() => ""))
      const abandoned = owner > 0 && !isAlive(owner)
      if (abandoned) await fs.rm(lock, { force: true })
      return false
    }
  })

/**
 * The directory `target`, filled by `build` if it is not there. It appears by one rename, so it is
 * whole whenever it is there; a second process waits for the first instead of downloading again.
 */
export const installOnce = (
  target: string,
  what: string,
  build: (directory: string) => Effect.Effect<void, StackError>
): Effect.Effect<string, StackError> => {
  const lock = `${target}.lock`
  const fill = Effect.acquireUseRelease(
    Effect.tryPromise({
      try: () => fs.mkdtemp(`${target}.part-`),
      catch: failed(`install ${what}`)
    }),
    (part) =>
      Effect.sync(() => process.stderr.write(`stack: installing ${what} into ${target} (once)\n`))
        .pipe(
          Effect.zipRight(build(part)),
          Effect.zipRight(Effect.promise(() => fs.rename(part, target).catch(() => undefined))),
          Effect.zipRight(exists(target)),
          Effect.filterOrFail(
            (there) => there,
            () => new StackError({ step: `install ${what}`, cause: `cannot create ${target}` })
          )
        ),
    (part) => Effect.promise(() => fs.rm(part, { recursive: true, force: true }))
  )
  const turn = Effect.acquireUseRelease(
    takeLock(lock),
    (mine) => mine ? Effect.unlessEffect(fill, exists(target)) : Effect.sleep("300 millis"),
    (mine) => mine ? Effect.promise(() => fs.rm(lock, { force: true })) : Effect.void
  )
  return Effect.gen(function*() {
    if (yield* exists(target)) return target
    yield* Effect.tryPromise({
      try: () => fs.mkdir(path.dirname(target), { recursive: true }),
      catch: failed(`install ${what}`)
    })
    while (!(yield* exists(target))) yield* turn
    return target
  }).pipe(realTime)
}
