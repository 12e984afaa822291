/** Where snapshots of consumer groups are kept: the object that is replaced, and the history. */
import { Effect, Option, Stream } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import type { ObjectMetadata } from "../../services/ObjectStore.ts"
import { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { containerMagic } from "../../src/codec/ContainerWriter.ts"
import { groupFactsFromObject, groupFactsToObject } from "../../src/codec/GroupFacts.ts"
import { encodeGroupFile } from "../../src/codec/GroupFile.ts"
import type { GroupSnapshot, SnapshotFacts } from "../../src/domain/GroupSnapshot.ts"
import { historyFolder, historyKey, parseHistoryKey } from "../../src/domain/HistoryKey.ts"
import type { SnapshotChoice } from "../../src/domain/Settings.ts"
import { listObjects, withPatience } from "../StoreReads.ts"
import { readGroupFacts, readGroupFile } from "./GroupFiles.ts"
import { SnapshotError } from "./SnapshotError.ts"

export interface StoredSnapshot {
  readonly key: string
  /** Milliseconds since the epoch, by the clock of the store. */
  readonly lastModified: number
  readonly snapshot: GroupSnapshot
}

/** A snapshot of this program, which says when it was taken. */
export interface TakenSnapshot extends GroupSnapshot {
  readonly facts: SnapshotFacts
}

export interface HistoryEntry {
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number
}

const isDamage = (error: StoreError | CodecError): boolean =>
  error._tag === "CodecError" || error.reason === "ChecksumMismatch"

/** As far as its first bytes go; an empty object can be what is left of a snapshot. */
const startsAsSnapshot = (key: string): Effect.Effect<boolean, StoreError, ObjectStore> =>
  Effect.flatMap(ObjectStore, (store) =>
    Effect.map(
      Stream.runHead(Stream.filter(Stream.fromPull(store.get(key)), (bytes) => bytes.length > 0)),
      Option.match({
        onNone: () => true,
        onSome: (bytes) => {
          const start = bytes.subarray(0, containerMagic.length)
          return containerMagic.subarray(0, start.length).equals(start)
        }
      })
    ))

/** What somebody else has put there is told from a snapshot of which something is lost. */
const unreadable = (
  key: string,
  error: CodecError
): Effect.Effect<never, StoreError | SnapshotError, ObjectStore> =>
  Effect.gen(function*() {
    const isOurs = error.reason !== "Unsupported" && (yield* startsAsSnapshot(key))
    return yield* isOurs
      ? new SnapshotError({
        reason: "Damaged",
        message: `the snapshot ${key} is damaged: ${error.message}`
      })
      : new SnapshotError({
        reason: "NotASnapshot",
        message: `${key} is not a snapshot of consumer groups that can be read: ${error.message}`
      })
  })

/** Reads the object from its first byte again when that fails: it may have been replaced since. */
const reading = <A, R>(
  key: string,
  read: (
    bytes: Stream.Stream<Uint8Array, StoreError>
  ) => Effect.Effect<A, StoreError | CodecError, R>
): Effect.Effect<A, StoreError | SnapshotError, R | ObjectStore> =>
  Effect.flatMap(ObjectStore, (store) => withPatience(read(Stream.fromPull(store.get(key))))).pipe(
    Effect.retry({ times: 1, while: isDamage }),
    Effect.catchAll((error): Effect.Effect<never, StoreError | SnapshotError, ObjectStore> => {
      if (error._tag === "CodecError") return unreadable(key, error)
      return error.reason === "ChecksumMismatch"
        ? new SnapshotError({
          reason: "Damaged",
          message: `the snapshot ${key} is damaged: ${error.message}`
        })
        : error
    })
  )

const gone = (error: StoreError | SnapshotError): boolean =>
  error instanceof StoreError && error.reason === "NotFound"

/** The object at the location. Fails with SnapshotError Damaged or NotASnapshot, naming it. */
export const readMain = (
  location: string
): Effect.Effect<
  Option.Option<StoredSnapshot>,
  StoreError | SnapshotError,
  ObjectStore | ForeignSchema
> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const found = yield* withPatience(store.head(location))
    if (Option.isNone(found)) return Option.none()
    const { lastModified } = found.value
    const snapshot = yield* reading(location, readGroupFile)
    return Option.some({ key: location, lastModified, snapshot })
  }).pipe(Effect.catchIf(gone, () => Effect.succeedNone))

const metadataOf = ({ facts }: GroupSnapshot): ObjectMetadata =>
  facts === undefined ? {} : groupFactsToObject(facts)

/** Replaces the object at the location; durable when it returns. */
export const writeMain = (
  location: string,
  snapshot: GroupSnapshot
): Effect.Effect<void, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const body = bodyOfBytes(yield* encodeGroupFile(snapshot))
    yield* withPatience(store.put(location, body, metadataOf(snapshot)))
  })

/**
 * Keeps the snapshot under its time, for good: durable when it returns its key. One of the same
 * time that is there already stays as it is.
 */
export const writeHistory = (
  location: string,
  snapshot: TakenSnapshot
): Effect.Effect<string, StoreError | CodecError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const key = historyKey(location, snapshot.facts.takenAtMs)
    const body = bodyOfBytes(yield* encodeGroupFile(snapshot))
    yield* withPatience(store.putIfAbsent(key, body, metadataOf(snapshot)))
    return key
  })

/** Oldest first; other objects beside them are passed over. */
export const listHistory = (
  location: string
): Effect.Effect<ReadonlyArray<HistoryEntry>, StoreError, ObjectStore> =>
  Effect.map(
    Stream.runCollect(listObjects(historyFolder(location))),
    (pages) =>
      [...pages].flat().flatMap(({ key }) => {
        const takenAtMs = parseHistoryKey(location, key)
        return takenAtMs === undefined ? [] : [{ key, takenAtMs }]
      })
  )

/** Fails with SnapshotError: Missing when it has been removed, Damaged when it says nothing. */
export const historyFacts = (
  { key }: HistoryEntry
): Effect.Effect<SnapshotFacts, StoreError | SnapshotError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const found = yield* withPatience(store.head(key))
    if (Option.isNone(found)) {
      return yield* new SnapshotError({
        reason: "Missing",
        message: `the snapshot ${key} is no longer there`
      })
    }
    const mirrored = groupFactsFromObject(found.value.metadata)
    if (mirrored !== undefined) return mirrored
    // Copied by a tool that dropped the object metadata: the file itself still says it.
    const facts = yield* reading(key, readGroupFacts)
    return facts ?? (yield* new SnapshotError({
      reason: "Damaged",
      message: `the snapshot ${key} does not say when and of which cluster it was taken`
    }))
  })

/** One that is gone already is fine. */
export const removeHistory = (
  { key }: HistoryEntry
): Effect.Effect<void, StoreError, ObjectStore> =>
  Effect.flatMap(ObjectStore, (store) => withPatience(store.remove(key)))

export interface ChosenSnapshot {
  readonly key: string
  readonly snapshot: GroupSnapshot
}

type Choosing<A> = Effect.Effect<A, StoreError | SnapshotError, ObjectStore | ForeignSchema>

/** `remedy`: what can be done when there is none. */
const chooseMain = (location: string, remedy: string): Choosing<ChosenSnapshot> =>
  Effect.flatMap(
    readMain(location),
    Option.match({
      onSome: Effect.succeed,
      onNone: () =>
        Effect.flatMap(ObjectStore, ({ name }) =>
          new SnapshotError({
            reason: "Missing",
            message: `there is no snapshot of consumer groups at ${location} in ${name}${remedy}`
          }))
    })
  )

/** `undefined`: not fit to restore from; a warning names one that should have been. */
const fitEntry = (entry: HistoryEntry): Choosing<ChosenSnapshot | undefined> =>
  Effect.gen(function*() {
    const { complete, held } = yield* historyFacts(entry)
    if (!complete || held) return undefined
    return { key: entry.key, snapshot: yield* reading(entry.key, readGroupFile) }
  }).pipe(
    Effect.catchIf(
      (error) => error._tag === "SnapshotError" || gone(error),
      (error) =>
        Effect.as(
          Effect.logWarning("snapshot passed over, the next older one is tried").pipe(
            Effect.annotateLogs({ key: entry.key, error: error.message })
          ),
          undefined
        )
    )
  )

/** The newest of these that is complete, was not held back, and is whole. */
const chooseFrom = (
  entries: ReadonlyArray<HistoryEntry>
): Choosing<ChosenSnapshot | undefined> =>
  Effect.gen(function*() {
    for (const entry of [...entries].reverse()) {
      const found = yield* fitEntry(entry)
      if (found !== undefined) return found
    }
    return undefined
  })

const chooseLatest = (location: string): Choosing<ChosenSnapshot> =>
  Effect.gen(function*() {
    const found = yield* chooseFrom(yield* listHistory(location))
    const remedy = `, and no complete one in ${historyFolder(location)}; check -s3-location`
    return found ?? (yield* chooseMain(location, remedy))
  })

const rangeOf = (entries: ReadonlyArray<HistoryEntry>): string => {
  const [first] = entries
  const last = entries.at(-1)
  if (first === undefined || last === undefined) return "it is empty"
  const [from, to] = [first, last].map(({ takenAtMs }) => new Date(takenAtMs).toISOString())
  return entries.length === 1
    ? `it holds one of ${from}`
    : `it holds ${entries.length} from ${from} to ${to}`
}

const chooseAt = (location: string, timeMs: number): Choosing<ChosenSnapshot> =>
  Effect.gen(function*() {
    const { name } = yield* ObjectStore
    const entries = yield* listHistory(location)
    const found = yield* chooseFrom(entries.filter(({ takenAtMs }) => takenAtMs <= timeMs))
    return found ?? (yield* new SnapshotError({
      reason: "NoneInHistory",
      message: `the history ${historyFolder(location)} in ${name} has no complete snapshot of ` +
        `${new Date(timeMs).toISOString()} or before; ${rangeOf(entries)}`
    }))
  })

/**
 * What is to be restored. Fails with SnapshotError: Missing when there is no object at the location,
 * Damaged or NotASnapshot when it cannot be read, NoneInHistory when the history has none of the time. A damaged
 * snapshot in the history is passed over with a warning that names it.
 */
export const chooseSnapshot = (
  location: string,
  choice: SnapshotChoice
): Effect.Effect<ChosenSnapshot, StoreError | SnapshotError, ObjectStore | ForeignSchema> => {
  switch (choice.kind) {
    case "main":
      return chooseMain(
        location,
        "; check -s3-location, or take one from its history with -snapshot latest"
      )
    case "latest":
      return chooseLatest(location)
    case "at":
      return chooseAt(location, choice.timeMs)
  }
}
