/** The work of one worker in its thread: the main thread hears its lines, and at last how it ended. */
import type { Layer } from "effect"
import { Cause, Chunk, Effect, Exit, Fiber } from "effect"
import type { WorkerLink } from "../../services/WorkerLink.ts"
import type { WorkerEnding } from "../../services/WorkerMessages.ts"
import type { Totals } from "./Progress.ts"
import { noTotals } from "./Progress.ts"
import type { Explain } from "./Report.ts"
import { sentences } from "./Report.ts"
import { PartlyDone } from "./WorkersFailed.ts"

const isPartlyDone = (cause: Cause.Cause<unknown>): boolean =>
  !Cause.isDie(cause) &&
  Chunk.every(Cause.failures(cause), (error) => error instanceof PartlyDone)

const endingOf = (
  exit: Exit.Exit<Totals | void, unknown>,
  explain: Explain
): WorkerEnding =>
  Exit.match(exit, {
    onSuccess: (totals) => ({
      outcome: "done",
      errors: [],
      totals: typeof totals === "object" ? totals : noTotals
    }),
    onFailure: (cause) => {
      if (Cause.isInterruptedOnly(cause)) {
        return { outcome: "stopped", errors: [], totals: noTotals }
      }
      const outcome = isPartlyDone(cause) ? "incomplete" : "failed"
      return { outcome, errors: sentences(cause, explain), totals: noTotals }
    }
  })

/** Interrupts the work when the main thread asks to stop; whatever becomes of it, it is a success. */
export const inThread = <E>(
  link: WorkerLink,
  command: string,
  work: Effect.Effect<Totals | void, E>,
  surround: Layer.Layer<never>,
  explain: Explain
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const running = yield* Effect.fork(work)
    yield* Effect.fork(Effect.zipRight(link.stopAsked, Fiber.interrupt(running)))
    return yield* Fiber.join(running)
  }).pipe(
    Effect.tapErrorCause((cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.void
        : Effect.logDebug(`cause of the failure of ${command}`, cause)
    ),
    Effect.provide(surround),
    Effect.annotateLogs({ worker: link.worker }),
    Effect.exit,
    Effect.map((exit) => link.end(endingOf(exit, explain)))
  )
