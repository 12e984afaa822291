/** Brings to the archive what workers have buffered that are not started any more. */
import { Effect } from "effect"
import { nothingInUse, uploadOrphans } from "../../streams/backup/Orphans.ts"
import { checkArchive } from "./ArchiveCheck.ts"
import type { Settings } from "./CommandSpec.ts"
import { bringInLive, buffersHeld } from "./Live.ts"

/** A store that fails must not keep the backup from starting for ever; what is left is kept. */
const patience = "10 minutes"

/**
 * To be done before the first of so many workers begins: none of them would look into the other
 * directories, and a worker more than asked for would fill its directory again.
 */
export const bringIn = (
  settings: Settings<unknown>,
  own: { readonly workingDir: string; readonly prefix: string },
  workers: number
) =>
  Effect.gen(function*() {
    const held = yield* buffersHeld(own.workingDir)
    for (const worker of held.filter((each) => each > workers)) {
      yield* Effect.gen(function*() {
        yield* checkArchive({ prefix: own.prefix, write: true })
        yield* Effect.logInfo("fewer workers than before, uploading what one of them has buffered")
        const { failed, uploaded } = yield* uploadOrphans(nothingInUse)
        yield* Effect.annotateLogs(Effect.logInfo("the buffer of the worker is uploaded"), {
          files: uploaded.length,
          kept: failed.length
        })
      }).pipe(
        Effect.provide(bringInLive(settings, own.workingDir, worker)),
        Effect.timeoutOption(patience),
        Effect.annotateLogs({ worker, workers })
      )
    }
  })
