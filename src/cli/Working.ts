/** What surrounds the work of every command: its logs, its telemetry, and what it says at the end. */
import { Effect, Layer } from "effect"
import { advice } from "./Advice.ts"
import type { Settings } from "./CommandSpec.ts"
import { telemetryLive } from "./Live.ts"
import { loggingLayer } from "./Logging.ts"
import type { CommandFailed } from "./Report.ts"
import { reported } from "./Report.ts"
import { version } from "./Version.ts"

export const working = <E>(
  command: string,
  settings: Settings<unknown>,
  work: Effect.Effect<void, E>
): Effect.Effect<void, CommandFailed> =>
  Effect.annotateLogs(Effect.logInfo(`${command} starts`), { version }).pipe(
    Effect.zipRight(work),
    Effect.onInterrupt(() => Effect.logInfo(`${command} is stopped`)),
    reported(command, advice(settings.store)),
    Effect.provide(
      Layer.provideMerge(telemetryLive(command), loggingLayer(settings.operations))
    )
  )
