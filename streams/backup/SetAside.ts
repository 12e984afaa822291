/** Buffer files that cannot be used. */
import { Effect, Metric } from "effect"
import type { BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"
import { unexpectedLeftoverFiles } from "../../services/Metrics.ts"

/**
 * Moves a file out of the way that the buffer cannot use, and says where it is now. Nothing is
 * deleted: it may hold what exists nowhere else.
 */
export const setAside = (
  name: string,
  why: string
): Effect.Effect<undefined, BufferError, DiskBuffer> =>
  Effect.gen(function*() {
    const buffer = yield* DiskBuffer
    const path = yield* buffer.setAside(name)
    yield* Metric.incrementBy(unexpectedLeftoverFiles, 1)
    yield* Effect.logWarning("buffer file set aside").pipe(
      Effect.annotateLogs({ file: name, path, why })
    )
    return undefined
  })
