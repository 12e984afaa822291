/**
 * Opens the next files of a partition while one is read. Of small files a restore would otherwise
 * do little but wait for the store's answers, one after the other.
 */
import { Effect, ExecutionStrategy, Exit, Fiber, Scope } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import type { OpenArchiveFile } from "../ArchiveFiles.ts"
import { openArchiveFile } from "../ArchiveFiles.ts"
import { outcomeOf } from "../Outcomes.ts"
import { pullObject } from "../StoreReads.ts"

/** Files opened ahead of the one that is read: at 20 ms an answer, 250 files a second. */
export const filesAhead = 4

/**
 * Bytes of a file up to which the next ones are opened ahead of their use: of a larger one the
 * answer is a small part, and its connection would stand still for seconds.
 */
export const smallFileBytes = 4 * 1024 * 1024

type Env = ObjectStore | ForeignSchema

export interface OpenAhead {
  /** The file, until the scope closes. It may have been opened already. */
  readonly open: (
    file: PlannedFile
  ) => Effect.Effect<OpenArchiveFile, StoreError | CodecError, Env | Scope.Scope>
  /** Begins to open these; what becomes of it is told to who opens them. */
  readonly prepare: (files: ReadonlyArray<PlannedFile>) => Effect.Effect<void, never, Env>
}

interface Opening {
  readonly place: Scope.CloseableScope
  readonly file: Fiber.Fiber<OpenArchiveFile, StoreError | CodecError>
}

/** What has been prepared in vain is closed with the scope. */
export const makeOpenAhead: Effect.Effect<OpenAhead, never, Scope.Scope> = Effect.map(
  Effect.scope,
  (scope) => {
    const prepared = new Map<string, Opening>()

    const begin = (key: string): Effect.Effect<Opening, never, Env> =>
      Effect.gen(function*() {
        const place = yield* Scope.fork(scope, ExecutionStrategy.sequential)
        const pull = yield* Scope.extend(pullObject(key), place)
        const opening = openArchiveFile(pull, true)
        return { place, file: yield* Effect.forkIn(opening, place) }
      })

    return {
      open: ({ key }) =>
        Effect.acquireRelease(
          Effect.suspend(() => {
            const found = prepared.get(key)
            prepared.delete(key)
            return found === undefined ? begin(key) : Effect.succeed(found)
          }),
          ({ place }) => Scope.close(place, Exit.void)
        ).pipe(Effect.flatMap(({ file }) => outcomeOf(file))),
      prepare: (files) =>
        Effect.suspend(() => {
          const missing = files.filter(({ key }) => !prepared.has(key))
          if (missing.length === 0) return Effect.void
          return Effect.uninterruptible(Effect.forEach(
            missing,
            ({ key }) => Effect.map(begin(key), (opening) => prepared.set(key, opening)),
            { discard: true }
          ))
        })
    }
  }
)
