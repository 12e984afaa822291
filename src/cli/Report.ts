/** Says what went wrong: one line per failure, the details at debug level. */
import { Cause, Chunk, Data, Effect, Option } from "effect"
import { UsageError } from "./UsageError.ts"
import { WorkersFailed } from "./WorkersFailed.ts"

/** A command failed and has said so already. */
export class CommandFailed extends Data.TaggedError("CommandFailed")<{
  readonly command: string
}> {}

const sentence = (error: unknown): string => {
  const text = error instanceof Error && error.message !== "" ? error.message : String(error)
  return text.split(/\s*\n\s*/).join(" ")
}

/** What is to be said of an error: another error, or a text. */
export type Explain = (error: unknown) => unknown

const asItIs: Explain = (error) => error

/** One sentence per failure and defect, each once. */
export const sentences = (
  cause: Cause.Cause<unknown>,
  explain: Explain = asItIs
): ReadonlyArray<string> => [
  ...new Set([
    ...Chunk.map(Cause.failures(cause), (error) => sentence(explain(error))),
    ...Chunk.map(Cause.defects(cause), (defect) => `unexpected: ${sentence(defect)}`)
  ])
]

/** The fields of one line for each sentence. */
const linesOf = (
  cause: Cause.Cause<unknown>,
  explain: Explain
): ReadonlyArray<Record<string, unknown>> =>
  Option.match(Option.filter(Cause.failureOption(cause), isOfWorkers), {
    onNone: () => sentences(cause, explain).map((error) => ({ error })),
    onSome: ({ failures }) =>
      failures.flatMap(({ errors, worker }) => errors.map((error) => ({ error, worker })))
  })

const isOfWorkers = (error: unknown): error is WorkersFailed => error instanceof WorkersFailed

/** Logs the failures of a command. An interrupted one has not failed. */
export const reported =
  (command: string, explain: Explain = asItIs) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, CommandFailed, R> =>
    Effect.catchAllCause(effect, (cause) => {
      if (Cause.isInterruptedOnly(cause)) return Effect.interrupt
      const lines = Effect.forEach(
        linesOf(cause, explain),
        (fields) => Effect.annotateLogs(Effect.logError(`${command} failed`), fields),
        { discard: true }
      )
      return lines.pipe(
        Effect.zipRight(Effect.logDebug(`cause of the failure of ${command}`, cause)),
        Effect.zipRight(Effect.fail(new CommandFailed({ command })))
      )
    })

/** The text for stderr about a failure that no command has reported; empty when one has. */
export const lastWords = (program: string, cause: Cause.Cause<unknown>): string => {
  if (Cause.isInterruptedOnly(cause)) return ""
  const unreported = Cause.failures(cause).pipe(
    Chunk.filter((error) => !(error instanceof CommandFailed))
  )
  const lines = Chunk.toReadonlyArray(unreported).flatMap((error) =>
    error instanceof UsageError
      ? [
        ...error.problems.map((problem) => `${program}: ${problem}`),
        `Run '${
          [program, error.command, "--help"].filter((part) => part !== "").join(" ")
        }' for usage.`
      ]
      : [`${program}: ${sentence(error)}`]
  )
  const defects = [...Cause.defects(cause)].map((defect) =>
    `${program}: unexpected: ${sentence(defect)}`
  )
  return [...lines, ...defects].map((line) => `${line}\n`).join("")
}
