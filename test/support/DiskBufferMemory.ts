/** A disk buffer in memory, with its files and its faults in the test's hand. */
import { Context, Effect, Layer, Ref, Stream } from "effect"
import type { BufferedFile } from "../../services/DiskBuffer.ts"
import { BufferError, DiskBuffer } from "../../services/DiskBuffer.ts"
import { crc32c } from "../../src/codec/Crc32c.ts"
import { pathProblem } from "../../src/domain/FilePath.ts"
import { compareKeys } from "../../src/domain/ObjectKey.ts"

interface MemoryFile {
  readonly bytes: Buffer
  readonly modified: number
  /** `modified` unless told. */
  readonly created?: number
  /** Bytes that survive a power failure; `undefined`: not even the file's name does. */
  readonly synced: number | undefined
}

/** The state of the buffer in memory. */
export class Disk extends Context.Tag("test/Disk")<Disk, {
  readonly files: Map<string, MemoryFile>
  readonly leftovers: Map<string, MemoryFile>
  /** Files set aside, under the names that `setAside` returned. */
  readonly aside: Map<string, MemoryFile>
  /** Names of the files that hold a descriptor. */
  readonly open: Set<string>
  /** Bytes that still fit; writes beyond fail with Full. */
  readonly space: Ref.Ref<number>
  /** Each strikes the next call of its operation, for the file of that name if there is one. */
  readonly faults: Array<{
    readonly operation: string
    readonly name?: string
    readonly reason: BufferError["reason"]
  }>
}>() {}

type State = Context.Tag.Service<Disk>

const failure = (reason: BufferError["reason"], operation: string, path: string, cause: string) =>
  new BufferError({ reason, operation, path, cause: new Error(cause) })

const listed = (files: ReadonlyMap<string, MemoryFile>): ReadonlyArray<BufferedFile> =>
  [...files].map(([name, { bytes, created, modified }]) => (
    { name, size: bytes.byteLength, modified, created: created ?? modified }
  ))
    .sort((left, right) => compareKeys(left.name, right.name))

const freeName = (taken: ReadonlyMap<string, MemoryFile>, name: string): string => {
  let copy = 0
  while (taken.has(copy === 0 ? name : `${name}.${copy}`)) copy++
  return copy === 0 ? name : `${name}.${copy}`
}

const make = Effect.gen(function*() {
  const disk = yield* Disk

  const begin = (operation: string, name: string) =>
    Effect.suspend(() => {
      const at = disk.faults.findIndex((fault) =>
        fault.operation === operation && (fault.name ?? name) === name
      )
      const fault = at < 0 ? undefined : disk.faults.splice(at, 1)[0]
      const problem = pathProblem(name)
      if (problem !== undefined) return Effect.fail(failure("Denied", operation, name, problem))
      return fault === undefined
        ? Effect.void
        : Effect.fail(failure(fault.reason, operation, name, "injected"))
    })

  const find = (files: ReadonlyMap<string, MemoryFile>, operation: string, name: string) =>
    Effect.flatMap(begin(operation, name), () => {
      const file = files.get(name)
      return file === undefined
        ? Effect.fail(failure("NotFound", operation, name, "no such file"))
        : Effect.succeed(file)
    })

  const reserve = (operation: string, name: string, bytes: number) =>
    Ref.modify(disk.space, (space) => bytes > space ? [false, space] : [true, space - bytes]).pipe(
      Effect.filterOrFail((fits) => fits, () => failure("Full", operation, name, "no space left"))
    )

  const free = (name: string, size = 0) =>
    Ref.update(disk.space, (space) => space + (disk.files.get(name)?.bytes.length ?? 0) - size)

  const change = (name: string, file: MemoryFile, bytes: Buffer, synced = file.synced) =>
    Effect.clockWith((clock) => clock.currentTimeMillis).pipe(Effect.map((modified) => {
      const created = disk.files.get(name)?.created ?? modified
      disk.files.set(name, { bytes, modified, created, synced })
      disk.open.add(name)
    }))

  const outside = (operation: string, name: string) =>
    Effect.fail(failure("Failed", operation, name, "not inside the file"))

  return DiskBuffer.of({
    list: Effect.sync(() => listed(disk.files)),
    leftovers: Effect.sync(() => listed(disk.leftovers)),
    create: (name, bytes) =>
      Effect.gen(function*() {
        yield* begin("create", name)
        if (disk.files.has(name)) {
          return yield* failure("InUse", "create", name, "exists")
        }
        yield* reserve("create", name, bytes.byteLength)
        const empty = { bytes: Buffer.alloc(0), modified: 0, synced: undefined }
        yield* change(name, empty, Buffer.from(bytes))
      }),
    append: (name, chunks) =>
      Effect.gen(function*() {
        const file = yield* find(disk.files, "append", name)
        const bytes = Buffer.concat([file.bytes, ...chunks])
        yield* reserve("append", name, bytes.byteLength - file.bytes.byteLength)
        yield* change(name, file, bytes)
      }),
    patch: (name, position, bytes) =>
      Effect.gen(function*() {
        const file = yield* find(disk.files, "patch", name)
        if (position < 0 || position + bytes.byteLength > file.bytes.byteLength) {
          return yield* outside("patch", name)
        }
        const patched = Buffer.from(file.bytes)
        patched.set(bytes, position)
        yield* change(name, file, patched)
      }),
    truncate: (name, size) =>
      Effect.gen(function*() {
        const file = yield* find(disk.files, "truncate", name)
        if (size < 0 || size > file.bytes.byteLength) return yield* outside("truncate", name)
        const synced = file.synced === undefined ? undefined : Math.min(file.synced, size)
        yield* free(name, size)
        yield* change(name, file, file.bytes.subarray(0, size), synced)
      }),
    release: (name) => Effect.map(begin("release", name), () => void disk.open.delete(name)),
    sync: (name) =>
      Effect.map(find(disk.files, "sync", name), (file) => {
        disk.files.set(name, { ...file, synced: file.bytes.byteLength })
        disk.open.delete(name)
      }),
    read: (name) =>
      Stream.map(Stream.fromEffect(find(disk.files, "read", name)), ({ bytes }) => bytes),
    content: (name) =>
      Effect.map(find(disk.files, "read", name), ({ bytes }) => {
        disk.open.delete(name)
        return Buffer.from(bytes)
      }),
    readLeftover: (name) =>
      Stream.map(
        Stream.fromEffect(find(disk.leftovers, "readLeftover", name)),
        ({ bytes }) => bytes
      ),
    checksum: (name) =>
      Effect.map(find(disk.files, "checksum", name), ({ bytes }) => crc32c(bytes)),
    remove: (name) =>
      Effect.map(Effect.zipRight(begin("remove", name), free(name)), () => {
        disk.files.delete(name)
        disk.open.delete(name)
      }),
    removeLeftover: (name) =>
      Effect.map(begin("removeLeftover", name), () => void disk.leftovers.delete(name)),
    setAside: (name) =>
      Effect.map(find(disk.files, "setAside", name), (file) => {
        const free = freeName(disk.aside, name)
        disk.aside.set(free, file)
        disk.files.delete(name)
        disk.open.delete(name)
        return free
      })
  })
})

const state = Effect.map(Ref.make(Number.POSITIVE_INFINITY), (space): State => ({
  files: new Map(),
  leftovers: new Map(),
  aside: new Map(),
  open: new Set(),
  space,
  faults: []
}))

/** What a power failure does: unsynced bytes go, and with them files that were never synced. */
export const loseTails = Effect.map(Disk, (disk) => {
  for (const [name, file] of disk.files) {
    if (file.synced === undefined) disk.files.delete(name)
    else disk.files.set(name, { ...file, bytes: file.bytes.subarray(0, file.synced) })
  }
  disk.open.clear()
})

/** A new, empty disk each time it is built. */
export const layer = Layer.effect(DiskBuffer, make).pipe(
  Layer.provideMerge(Layer.effect(Disk, state))
)

/** A buffer on state that the test keeps itself, for instance over a simulated restart. */
export const layerOn = (disk: State) =>
  Layer.effect(DiskBuffer, make).pipe(Layer.provide(Layer.succeed(Disk, disk)))

export const makeDisk = state
