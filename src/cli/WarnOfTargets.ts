/** Says at the start of a plan's restore what will stop partitions of it; it goes on all the same. */
import { Effect } from "effect"
import { plannedObstacles } from "../../streams/preflight/PlannedObstacles.ts"
import type { TargetChoice } from "../../streams/targets/PlannedTargets.ts"
import type { Settings } from "./CommandSpec.ts"
import { targetsLive } from "./Live.ts"

/** For these the restore itself would wait as long again, to say the same. */
const unreachable: ReadonlySet<string> = new Set([
  "CONNECTION_FAILED",
  "REQUEST_TIMED_OUT",
  "TLS_FAILED",
  "SASL_AUTHENTICATION_FAILED"
])

/** What else keeps it from looking is said by the restore itself, if it stops that too. */
export const warnOfTargets = (settings: Settings<unknown>, choice: TargetChoice) =>
  plannedObstacles(choice).pipe(
    Effect.flatMap(
      Effect.forEach(
        ({ kind, problem, remedy, topic }) =>
          Effect.annotateLogs(Effect.logWarning("in the way of the restore"), {
            kind,
            topic,
            problem,
            remedy
          }),
        { discard: true }
      )
    ),
    Effect.catchAll((error) =>
      error._tag === "KafkaError" && unreachable.has(error.reason)
        ? Effect.fail(error)
        : Effect.annotateLogs(Effect.logInfo("the targets could not be looked at beforehand"), {
          reason: error.message
        })
    ),
    Effect.provide(targetsLive(settings))
  )
