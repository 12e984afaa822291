/**
 * Writes objects into a directory: first whole and durable under a hidden name, then visible under
 * their own by link(2), which refuses to replace, or by rename(2), which replaces.
 */
import { Effect, Ref, Stream } from "effect"
import { randomUUID } from "node:crypto"
import fs from "node:fs/promises"
import path from "node:path"
import { freeBytes } from "../src/codec/FreeBytes.ts"
import { pathOfKey } from "../src/domain/FilePath.ts"
import { metadataProblem } from "../src/domain/ObjectKey.ts"
import { attempt, checkKey } from "./DirectoryErrorsLayer.ts"
import { removeSidecar, writeSidecar } from "./DirectoryMetadataLayer.ts"
import { errorCode, makeDirectory, makingTries, syncDirectory, unless } from "./FileTreeLayer.ts"
import { checkedBody } from "./ObjectBody.ts"
import type { ObjectBody, ObjectMetadata } from "./ObjectStore.ts"
import { StoreError } from "./ObjectStore.ts"

export interface Directory {
  readonly root: string
  /** The file system has no hard links: look before renaming. */
  readonly withoutLinks: Ref.Ref<boolean>
}

type Operation = "put" | "putIfAbsent"

export const partsOf = (root: string): string => path.join(root, ".kafka-data-keep.tmp")

/** The body in a file of its own, durable; removed with the scope. */
const writePart = (root: string, operation: Operation, key: string, body: ObjectBody) =>
  Effect.gen(function*() {
    const file = path.join(partsOf(root), randomUUID())
    const handle = yield* Effect.acquireRelease(
      attempt(operation, key, async () => {
        await makeDirectory(partsOf(root))
        return fs.open(file, "wx")
      }),
      (open) =>
        Effect.promise(async () => {
          await open.close()
          await fs.rm(file, { force: true }).catch(() => undefined)
        })
    )
    yield* Stream.runForEach(
      checkedBody(key, body),
      (bytes) =>
        attempt(operation, key, async () => {
          await handle.writeFile(bytes)
          freeBytes(bytes)
        })
    )
    yield* attempt(operation, key, () => handle.sync())
    return file
  })

/** Its directory can vanish with the last other object in it just before the object appears. */
const intoDirectory = async <A>(target: string, publish: () => Promise<A>): Promise<A> => {
  for (let attempts = 1;; attempts++) {
    try {
      await makeDirectory(path.dirname(target))
      return await publish()
    } catch (cause) {
      if (errorCode(cause) !== "ENOENT" || attempts === makingTries) throw cause
    }
  }
}

const unsupported = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]

const link = async (
  part: string,
  target: string
): Promise<"created" | "exists" | "unsupported"> => {
  try {
    await fs.link(part, target)
    return "created"
  } catch (cause) {
    if (errorCode(cause) === "EEXIST") return "exists"
    if (unsupported.includes(errorCode(cause))) return "unsupported"
    throw cause
  }
}

const renameIfAbsent = async (part: string, target: string): Promise<"created" | "exists"> => {
  if (await unless(["ENOENT"], fs.lstat(target)) !== undefined) return "exists"
  await fs.rename(part, target)
  return "created"
}

/** `exists` is said only when that object is durable too. */
const settle = async (target: string, outcome: "created" | "exists") => {
  if (outcome === "exists") {
    const handle = await fs.open(target, "r")
    await handle.sync().finally(() => handle.close())
  }
  await syncDirectory(path.dirname(target))
  return outcome
}

const publish = Effect.fnUntraced(
  function*(directory: Directory, key: string, part: string, target: string) {
    const operation = "putIfAbsent"
    if (!(yield* Ref.get(directory.withoutLinks))) {
      const outcome = yield* attempt(
        operation,
        key,
        () => intoDirectory(target, () => link(part, target))
      )
      if (outcome !== "unsupported") {
        return yield* attempt(operation, key, () => settle(target, outcome))
      }
      yield* Ref.set(directory.withoutLinks, true)
      yield* Effect.logWarning(
        "the file system has no hard links: looking before each write instead, so keep one writer per partition"
      ).pipe(Effect.annotateLogs({ directory: directory.root }))
    }
    return yield* attempt(operation, key, async () =>
      settle(
        target,
        await intoDirectory(target, () => renameIfAbsent(part, target))
      ))
  }
)

const checkInput = (operation: Operation, key: string, metadata: ObjectMetadata) => {
  const problem = metadataProblem(metadata)
  return problem === undefined
    ? checkKey(operation, key)
    : Effect.fail(new StoreError({ reason: "Invalid", operation, key, cause: new Error(problem) }))
}

export const putFileIfAbsent =
  (directory: Directory) => (key: string, body: ObjectBody, metadata: ObjectMetadata) =>
    Effect.gen(function*() {
      yield* checkInput("putIfAbsent", key, metadata)
      const { root } = directory
      const target = path.join(root, ...pathOfKey(key))
      const there = yield* attempt("putIfAbsent", key, () => unless(["ENOENT"], fs.lstat(target)))
      if (there !== undefined) {
        return yield* attempt("putIfAbsent", key, () => settle(target, "exists"))
      }
      const part = yield* writePart(root, "putIfAbsent", key, body)
      const outcome = publish(directory, key, part, target).pipe(
        Effect.tap((answer) =>
          answer === "created"
            ? writeSidecar(root, key, { size: body.size, crc32c: body.crc32c, metadata })
            : Effect.void
        )
      )
      return yield* Effect.uninterruptible(outcome)
    }).pipe(Effect.scoped)

export const putFile =
  ({ root }: Directory) => (key: string, body: ObjectBody, metadata: ObjectMetadata) =>
    Effect.gen(function*() {
      yield* checkInput("put", key, metadata)
      const part = yield* writePart(root, "put", key, body)
      const target = path.join(root, ...pathOfKey(key))
      const replace = attempt("put", key, async () => {
        await removeSidecar(root, key)
        await intoDirectory(target, () => fs.rename(part, target))
        await syncDirectory(path.dirname(target))
      })
      const finish = Effect.zipRight(
        replace,
        writeSidecar(root, key, { size: body.size, metadata })
      )
      yield* Effect.uninterruptible(finish)
    }).pipe(Effect.scoped)
