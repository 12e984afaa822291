/**
 * One process per working directory. The lock file names its owner by process id and start time, so
 * that it does not outlive a killed owner. An owner in another container or on another machine
 * cannot be looked up: there the lock counts as long as its file is touched.
 */
import { Effect, Option, Schedule, Schema } from "effect"
import { randomUUID } from "node:crypto"
import fs from "node:fs/promises"
import os from "node:os"
import { BufferError } from "./DiskBuffer.ts"
import type { Layout } from "./DiskBufferErrorsLayer.ts"
import { attempt, bufferError } from "./DiskBufferErrorsLayer.ts"
import { errorCode, unless } from "./FileTreeLayer.ts"

const touchEvery = "4 seconds"

/** Seconds in which an owner that lives has touched its lock three times. */
const patience = 12

const Owner = Schema.parseJson(Schema.Struct({
  pid: Schema.Number,
  /** Clock ticks from boot to the process's start (proc(5), stat field 22); empty elsewhere. */
  start: Schema.String,
  /** Where `pid` means this process: boot and pid namespace, or the host's name. */
  space: Schema.String,
  /** One per lock taken. */
  token: Schema.String
}))

type Owner = typeof Owner.Type

const decode = Schema.decodeOption(Owner)

const fileText = (file: string): Promise<string> => fs.readFile(file, "utf8").catch(() => "")

const startOf = async (pid: number): Promise<string> => {
  const stat = await fileText(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
}

const ownSpace = async (): Promise<string> => {
  const boot = await fileText("/proc/sys/kernel/random/boot_id")
  const pids = await fs.readlink("/proc/self/ns/pid").catch(() => "")
  return boot === "" || pids === "" ? os.hostname() : `${boot.trim()} ${pids}`
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return errorCode(cause) === "EPERM"
  }
}

const isAlive = async (owner: Owner): Promise<boolean> =>
  owner.start === "" ? exists(owner.pid) : await startOf(owner.pid) === owner.start

const inUse = (lock: string, owner: Option.Option<Owner>) =>
  new BufferError({
    reason: "InUse",
    operation: "lock",
    path: lock,
    cause: new Error(
      Option.match(owner, {
        onNone: () => "another process uses this working directory",
        onSome: ({ pid }) => `process ${pid} uses this working directory`
      })
    )
  })

const modified = async (file: string): Promise<number> =>
  (await unless(["ENOENT"], fs.stat(file)))?.mtimeMs ?? 0

/** `true` when the file changes while it is watched for so many seconds. */
const isTouched = Effect.fnUntraced(function*(lock: string, seconds: number) {
  yield* Effect.logInfo("waiting to see whether another process uses the working directory").pipe(
    Effect.annotateLogs({ lock })
  )
  const before = yield* attempt("lock", lock, () => modified(lock))
  for (let look = 0; look < seconds; look++) {
    yield* Effect.sleep("1 second")
    if ((yield* attempt("lock", lock, () => modified(lock))) !== before) return true
  }
  return false
})

/** Moved away first, and put back when it is no longer the one that was found abandoned. */
const removeAbandoned = async (lock: string, text: string): Promise<void> => {
  const away = `${lock}.${randomUUID()}`
  if (await unless(["ENOENT"], fs.rename(lock, away).then(() => true)) === undefined) return
  if (await fileText(away) !== text) await fs.copyFile(away, lock, fs.constants.COPYFILE_EXCL)
  await fs.rm(away, { force: true })
}

export type WriteOwner = (file: fs.FileHandle, owner: string) => Promise<void>

const writeOwner: WriteOwner = (file, owner) => file.writeFile(owner)

/**
 * Creates the lock; the text that it holds. On a full disk it stays empty and counts while it is
 * touched: whoever may not start cannot upload either, and so would never free space.
 */
const create = async (lock: string, own: string, write: WriteOwner): Promise<string> => {
  const file = await fs.open(lock, "wx")
  try {
    await write(file, own)
    return own
  } catch (cause) {
    if (bufferError("lock", lock)(cause).reason !== "Full") {
      await fs.rm(lock, { force: true })
      throw cause
    }
    await file.truncate(0)
    return ""
  } finally {
    await file.close()
  }
}

const take = (
  lock: string,
  mine: Owner,
  seconds: number,
  write: WriteOwner
): Effect.Effect<string, BufferError> =>
  Effect.gen(function*() {
    const own = JSON.stringify(mine)
    const taken = yield* attempt(
      "lock",
      lock,
      () => unless(["EEXIST"], create(lock, own, write))
    )
    if (taken !== undefined) return taken
    const text = yield* Effect.promise(() => fileText(lock))
    const owner = decode(text)
    const known = Option.filter(owner, ({ space }) => space === mine.space)
    const used = Option.isSome(known)
      ? yield* Effect.promise(() => isAlive(known.value))
      : yield* isTouched(lock, seconds)
    if (used) return yield* inUse(lock, owner)
    yield* attempt("lock", lock, () => removeAbandoned(lock, text))
    return yield* take(lock, mine, seconds, write)
  })

const giveBack = async (lock: string, own: string): Promise<void> => {
  if (await fileText(lock) === own) await fs.rm(lock, { force: true })
}

const beat = (lock: string) =>
  Effect.promise(() => {
    const now = new Date()
    return fs.utimes(lock, now, now).catch(() => undefined)
  })

/** Holds the working directory until the scope closes. Fails with InUse when another does. */
export const lockWorkingDir = ({ lock }: Layout, seconds = patience, write = writeOwner) =>
  Effect.gen(function*() {
    const mine = yield* Effect.promise(async () => ({
      pid: process.pid,
      start: await startOf(process.pid),
      space: await ownSpace(),
      token: randomUUID()
    }))
    yield* Effect.uninterruptibleMask((restore) =>
      restore(take(lock, mine, seconds, write)).pipe(
        Effect.tap((own) => Effect.addFinalizer(() => Effect.promise(() => giveBack(lock, own))))
      )
    )
    yield* Effect.forkScoped(Effect.repeat(beat(lock), Schedule.spaced(touchEvery)))
  })
