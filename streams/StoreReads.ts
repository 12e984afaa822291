/** Reading from the object store with patience: after a transient error, on from where it was. */
import { Chunk, Effect, Option, Schedule, Scope, Stream } from "effect"
import type { ListedObject, Pull } from "../services/ObjectStore.ts"
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
 * Pulls `open(state)` and, after a transient error, again with what `advance` has made of the
 * state; gives up after some tries that brought nothing.
 */
const resuming = <S, A>(
  initial: S,
  open: (state: S) => Effect.Effect<Pull<A>, never, Scope.Scope>,
  advance: (state: S, element: A) => S
): Effect.Effect<Pull<A>, never, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => {
    let state = initial
    let failed = 0
    const begin: Pull<A> = Effect.flatMap(
      Scope.extend(Effect.suspend(() => open(state)), scope),
      (opened) => {
        pull = opened
        return opened
      }
    )
    let pull = begin
    const next: Pull<A> = Effect.matchEffect(Effect.suspend(() => pull), {
      onSuccess: (elements) => {
        state = Chunk.reduce(elements, state, advance)
        failed = 0
        return Effect.succeed(elements)
      },
      onFailure: (end) => {
        if (Option.isNone(end) || !end.value.transient || failed === tries) return Effect.fail(end)
        pull = begin
        return Effect.zipRight(Effect.sleep(pause(failed++)), next)
      }
    })
    return Effect.succeed(next)
  })

/** The whole object, from its first byte to its last; until the scope closes. */
export const pullObject = (
  key: string
): Effect.Effect<Pull<Uint8Array>, never, ObjectStore | Scope.Scope> =>
  Effect.flatMap(ObjectStore, (store) =>
    resuming(
      0,
      (start) => store.get(key, start === 0 ? undefined : { start }),
      (start, bytes) => start + bytes.byteLength
    ))

/** The same as a stream. */
export const readObject = (key: string): Stream.Stream<Uint8Array, StoreError, ObjectStore> =>
  Stream.fromPull(pullObject(key))

/** Every object under the prefix with a key above `after`, in key order, a page per element. */
export const listObjects = (
  prefix: string,
  after = ""
): Stream.Stream<ReadonlyArray<ListedObject>, StoreError, ObjectStore> =>
  Stream.fromPull(Effect.flatMap(ObjectStore, (store) =>
    resuming(
      after,
      (startAfter) =>
        Stream.toPull(store.list(prefix, startAfter === "" ? undefined : { startAfter })),
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
