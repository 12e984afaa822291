/** Looks at the archive before any work is begun, so that what is wrong with it is said at once. */
import { Effect } from "effect"
import type { StoreError } from "../../services/ObjectStore.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { metaKey } from "../domain/ArchiveKey.ts"

/** Commands that start together must not meet at the same probe object. */
export const probeName = Effect.sync(() => `${Date.now()}-${crypto.randomUUID()}`)

/** Fails when the archive cannot be reached, read or, when asked for, written. */
export const checkArchive = (
  options: { readonly prefix: string; readonly write: boolean }
): Effect.Effect<void, StoreError, ObjectStore> =>
  Effect.gen(function*() {
    const store = yield* ObjectStore
    const probeKey = metaKey(options.prefix, "probe", yield* probeName)
    yield* store.check({ write: options.write, probeKey })
    yield* Effect.annotateLogs(Effect.logInfo("archive found"), {
      archive: store.name,
      prefix: options.prefix
    })
  })
