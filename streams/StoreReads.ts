/** Reading from the object store with patience: after a transient error, on from where it was. */
import { Effect, Schedule, Stream } from "effect"
import type { ListedObject } from "../services/ObjectStore.ts"
import { ObjectStore, StoreError } from "../services/ObjectStore.ts"

/** Tries without progress, waiting about twelve seconds in all. */
const tries = 6

const pause = (attempt: number) => `${200 * 2 ** attempt} millis` as const

/** Runs it again from its start after a transient error of the store, some times. */
export const withPatience = <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.retry(request, {
    schedule: Schedule.exponential("200 millis"),
    times: tries,
    while: (error) => error instanceof StoreError && error.transient
  })

/**
 * Runs `open(state)` and, after a transient error, again with what `advance` has made of the
 * state; gives up after some tries that brought nothing.
 */
const resuming = <S, A>(
  initial: S,
  open: (state: S) => Stream.Stream<A, StoreError>,
  advance: (state: S, element: A) => S
): Stream.Stream<A, StoreError> => {
  const from = (start: S, attempt: number): Stream.Stream<A, StoreError> =>
    Stream.suspend(() => {
      let state = start
      let failed = attempt
      return open(start).pipe(
        Stream.map((element) => {
          state = advance(state, element)
          failed = 0
          return element
        }),
        Stream.catchAll((error) =>
          error.transient && failed < tries
            ? Stream.unwrap(
              Effect.as(Effect.sleep(pause(failed)), Stream.suspend(() => from(state, failed + 1)))
            )
            : Stream.fail(error)
        )
      )
    })
  return from(initial, 0)
}

/** The whole object, from its first byte to its last. */
export const readObject = (key: string): Stream.Stream<Uint8Array, StoreError, ObjectStore> =>
  Stream.unwrap(Effect.map(ObjectStore, (store) =>
    resuming(
      0,
      (start) => store.get(key, start === 0 ? undefined : { start }),
      (start, bytes) => start + bytes.byteLength
    )))

/** Every object under the prefix with a key above `after`, in key order, a page per element. */
export const listObjects = (
  prefix: string,
  after = ""
): Stream.Stream<ReadonlyArray<ListedObject>, StoreError, ObjectStore> =>
  Stream.unwrap(Effect.map(ObjectStore, (store) =>
    resuming(
      after,
      (startAfter) => store.list(prefix, startAfter === "" ? undefined : { startAfter }),
      (startAfter, page) => page.at(-1)?.key ?? startAfter
    )))

/** The folders under the prefix in key order. */
export const listFolders = (
  prefix: string
): Effect.Effect<ReadonlyArray<string>, StoreError, ObjectStore> =>
  Effect.flatMap(ObjectStore, (store) =>
    withPatience(
      Effect.map(Stream.runCollect(store.listFolders(prefix)), (pages) => [...pages].flat())
    ))
