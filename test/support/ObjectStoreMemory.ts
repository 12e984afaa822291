/** An object store in memory, with its objects and its faults in the test's hand. */
import { Chunk, Context, Duration, Effect, Layer, Option, Ref, Stream } from "effect"
import { checkedBody } from "../../services/ObjectBody.ts"
import type { ListedObject, ObjectBody, ObjectMetadata } from "../../services/ObjectStore.ts"
import { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import { compareKeys, metadataProblem } from "../../src/domain/ObjectKey.ts"

export interface StoredObject {
  readonly bytes: Uint8Array
  readonly metadata: ObjectMetadata
  readonly lastModified: number
}

export type Operation = "putIfAbsent" | "put" | "get" | "head" | "list" | "remove" | "check"

export interface Fault {
  readonly operation: Operation
  /** Only calls for this key (or prefix, when listing); absent: all but topic definitions. */
  readonly key?: string
  readonly reason: StoreError["reason"]
  /** Only puts: the object is stored, but the answer is lost. */
  readonly afterwards?: boolean
  /** Only gets: so many bytes are delivered first. */
  readonly afterBytes?: number
}

/** The state of the store in memory. */
export class Bucket extends Context.Tag("test/Bucket")<Bucket, {
  readonly objects: Map<string, StoredObject>
  /** Each strikes one call that it fits, the first of them first. */
  readonly faults: Array<Fault>
  /** A store that overwrites in spite of a condition, until `check` has found that out. */
  readonly ignoreConditions: Ref.Ref<boolean>
  /** Time that each call takes. */
  readonly delay: Ref.Ref<Duration.DurationInput>
  /** Every call so far, in order: operation and key. */
  readonly calls: Array<readonly [Operation, string]>
}>() {}

const pageSize = 1000

/** Of the definitions of topics, which a backup keeps whatever else it does. */
export const isDefinitions = (key: string): boolean => /\.meta[/.]topics[/.]/.test(key)

const failure = (reason: StoreError["reason"], operation: string, key: string, cause: string) =>
  new StoreError({ reason, operation, key, cause: new Error(cause) })

const make = Effect.gen(function*() {
  const bucket = yield* Bucket

  const begin = Effect.fnUntraced(function*(operation: Operation, key: string) {
    bucket.calls.push([operation, key])
    const delay = Duration.decode(yield* Ref.get(bucket.delay))
    if (Duration.greaterThan(delay, 0)) yield* Effect.sleep(delay)
    const at = bucket.faults.findIndex((f) =>
      f.operation === operation && (f.key === undefined ? !isDefinitions(key) : f.key === key)
    )
    const fault = at < 0 ? undefined : bucket.faults.splice(at, 1)[0]
    const struck = fault && failure(fault.reason, operation, key, "injected")
    const late = fault?.afterwards === true || fault?.afterBytes !== undefined
    if (struck !== undefined && !late) return yield* struck
    return { struck, afterBytes: fault?.afterBytes }
  })

  const store = Effect.fnUntraced(function*(
    operation: "put" | "putIfAbsent",
    key: string,
    body: ObjectBody,
    metadata: ObjectMetadata
  ) {
    const { struck } = yield* begin(operation, key)
    const problem = metadataProblem(metadata)
    if (problem !== undefined) {
      return yield* failure("Invalid", operation, key, problem)
    }
    const chunks = Chunk.toReadonlyArray(yield* Stream.runCollect(checkedBody(key, body)))
    const keep = operation === "putIfAbsent" && !(yield* Ref.get(bucket.ignoreConditions))
    const outcome = keep && bucket.objects.has(key) ? "exists" as const : "created" as const
    if (outcome === "created") {
      const bytes = new Uint8Array(Buffer.concat(chunks))
      bucket.objects.set(key, { bytes, metadata, lastModified: Date.now() })
    }
    return struck === undefined ? outcome : yield* struck
  })

  const get = Effect.fnUntraced(function*(
    key: string,
    range?: { readonly start: number; readonly length?: number }
  ) {
    const { afterBytes, struck } = yield* begin("get", key)
    const object = bucket.objects.get(key)
    if (object === undefined) return Stream.fail(failure("NotFound", "get", key, "no such object"))
    const start = range?.start ?? 0
    const end = range?.length === undefined ? undefined : start + range.length
    // Chunks are the reader's: the object stays whatever becomes of them.
    const bytes = Buffer.from(object.bytes.subarray(start, end))
    return struck === undefined
      ? Stream.make(bytes)
      : Stream.concat(Stream.make(bytes.subarray(0, afterBytes)), Stream.fail(struck))
  })

  const keys = (prefix: string) =>
    Effect.map(
      begin("list", prefix),
      () => [...bucket.objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys)
    )

  const listed = (key: string): ListedObject => {
    const object = bucket.objects.get(key)
    return { key, size: object?.bytes.byteLength ?? 0, lastModified: object?.lastModified ?? 0 }
  }

  return ObjectStore.of({
    name: "memory://test",
    putIfAbsent: (key, body, metadata) => store("putIfAbsent", key, body, metadata),
    put: (key, body, metadata) => Effect.asVoid(store("put", key, body, metadata)),
    get: (key, range) => Stream.toPull(Stream.unwrap(get(key, range))),
    head: (key) =>
      Effect.map(
        begin("head", key),
        () =>
          Option.map(Option.fromNullable(bucket.objects.get(key)), ({ metadata }) => (
            { ...listed(key), metadata }
          ))
      ),
    list: (prefix, options) =>
      Stream.paginateEffect(
        options?.startAfter ?? "",
        (after) =>
          Effect.map(keys(prefix), (all) => {
            const rest = all.filter((key) => compareKeys(key, after) > 0)
            const last = rest.length > pageSize ? rest[pageSize - 1] : undefined
            return [rest.slice(0, pageSize).map(listed), Option.fromNullable(last)]
          })
      ).pipe(Stream.filter((page) => page.length > 0)),
    listFolders: (prefix) =>
      Stream.fromIterableEffect(Effect.map(keys(prefix), (all) => {
        const folders = all.filter((key) => key.includes("/", prefix.length)).map((key) =>
          key.slice(0, key.indexOf("/", prefix.length) + 1)
        )
        return folders.length === 0 ? [] : [[...new Set(folders)]]
      })),
    remove: (key) => Effect.map(begin("remove", key), () => void bucket.objects.delete(key)),
    check: ({ probeKey, write }) =>
      Effect.zipRight(
        begin("check", probeKey),
        Ref.update(bucket.ignoreConditions, (ignored) => ignored && !write)
      )
  })
})

const state = Effect.gen(function*() {
  return {
    objects: new Map<string, StoredObject>(),
    faults: new Array<Fault>(),
    ignoreConditions: yield* Ref.make(false),
    delay: yield* Ref.make<Duration.DurationInput>(0),
    calls: new Array<readonly [Operation, string]>()
  }
})

/** A new, empty bucket each time it is built. */
export const layer = Layer.effect(ObjectStore, make).pipe(
  Layer.provideMerge(Layer.effect(Bucket, state))
)

/** A store on state that the test keeps itself, for instance over a simulated restart. */
export const layerOn = (bucket: Context.Tag.Service<Bucket>) =>
  Layer.effect(ObjectStore, make).pipe(Layer.provide(Layer.succeed(Bucket, bucket)))
