/** Data for stdout. */
import { Data, Effect } from "effect"

/** What was to be read cannot be kept: a full disk, for one. */
export class OutputFailed extends Data.TaggedError("OutputFailed")<{
  readonly message: string
}> {}

/** A reader such as `head` that has seen enough; the second one is what is said of later writes. */
const readerGone: ReadonlySet<string> = new Set(["EPIPE", "ERR_STREAM_DESTROYED"])

/**
 * Returns when all of it is with whoever reads, so that the program may exit; with false when
 * nobody reads any more, which is no failure.
 */
export const writeToReader = (text: string): Effect.Effect<boolean, OutputFailed> =>
  Effect.async((resume) => {
    process.stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
      if (error === undefined || error === null) return resume(Effect.succeed(true))
      if (readerGone.has(error.code ?? "")) return resume(Effect.succeed(false))
      const message = `stdout cannot be written to: ${error.message}`
      resume(Effect.fail(new OutputFailed({ message })))
    })
  })

/** The same for a result, whose author goes on whether somebody reads or not. */
export const writeOut = (text: string): Effect.Effect<void, OutputFailed> =>
  Effect.asVoid(writeToReader(text))
