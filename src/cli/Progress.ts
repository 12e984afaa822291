/** Tells on stderr what a pipeline emits, file by file, and what it came to in the end. */
import { Effect, Stream } from "effect"

/** What came of a pipeline. */
export interface Totals {
  readonly files: number
  readonly records: number
  readonly bytes: number
}

export const noTotals: Totals = { files: 0, records: 0, bytes: 0 }

export interface Told {
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
  /** What the file adds to the totals. */
  readonly records: number
  readonly bytes: number
}

/** What a command without `-once` does when all is done. */
export const serveUntilStopped: Effect.Effect<never> = Effect.zipRight(
  Effect.logInfo("serving metrics until stopped; -once exits here"),
  Effect.never
)

/** Runs the pipeline; logs each element, and the totals when it ends by itself. */
export const runTelling = <A, E, R>(
  files: Stream.Stream<A, E, R>,
  tell: (file: A) => Told,
  finished: string
): Effect.Effect<Totals, E, R> =>
  Effect.gen(function*() {
    const totals = { ...noTotals }
    yield* Stream.runForEach(files, (file) => {
      const { bytes, fields, message, records } = tell(file)
      totals.files += 1
      totals.records += records
      totals.bytes += bytes
      return Effect.annotateLogs(Effect.logInfo(message), { ...fields, records, bytes })
    })
    yield* Effect.annotateLogs(Effect.logInfo(finished), totals)
    return totals
  })
