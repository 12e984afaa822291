/** What surrounds the work of every command: its logs, its telemetry, and what it says at the end. */
import { Effect, Fiber, Layer } from "effect"
import { advice } from "./Advice.ts"
import type { ArchiveSettings } from "./CommandSpec.ts"
import { inThread } from "./InThread.ts"
import { telemetryLive, workerLink, writeLine } from "./Live.ts"
import { loggingLayer } from "./Logging.ts"
import type { Totals } from "./Progress.ts"
import type { CommandFailed } from "./Report.ts"
import { reported } from "./Report.ts"
import { onStage } from "./Stage.ts"
import { version } from "./Version.ts"

/** Says at once, when it is asked to stop, what comes of that; then it stops. */
const saying = (words: string | undefined) => <A, E>(work: Effect.Effect<A, E>) =>
  words === undefined
    ? work
    : Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.fork(restore(work)), (running) =>
        restore(Fiber.join(running)).pipe(
          Effect.onInterrupt(() =>
            Effect.zipRight(Effect.logInfo(`stopping: ${words}`), Fiber.interrupt(running))
          )
        ))
    )

/**
 * In a worker's thread all that is said goes by the main thread, which has the last word.
 * `whenStopped`: what is safe then, and how to go on.
 */
export const working = <E>(
  command: string,
  settings: ArchiveSettings<unknown>,
  work: Effect.Effect<Totals | void, E>,
  whenStopped: string | undefined
): Effect.Effect<void, CommandFailed> => {
  const explain = advice(settings.store)
  const surround = Layer.provideMerge(
    telemetryLive(command),
    loggingLayer(settings.operations, writeLine)
  )
  if (workerLink !== undefined) return inThread(workerLink, command, work, surround, explain)
  return Effect.annotateLogs(Effect.logInfo(`${command} starts`), { version }).pipe(
    Effect.zipRight(saying(whenStopped)(work)),
    Effect.onInterrupt(() => Effect.logInfo(`${command} is stopped`)),
    reported(command, explain),
    Effect.asVoid,
    Effect.provide(surround),
    onStage(process.stderr)
  )
}
