/** Creates the target topics of a plan, and finishes them when all is restored. */
import { Effect } from "effect"
import { ensureTargets, switchTimestamps } from "../../streams/targets/EnsureTargets.ts"
import type { TargetChoice } from "../../streams/targets/PlannedTargets.ts"
import { plannedTargets } from "../../streams/targets/PlannedTargets.ts"
import { checkArchive } from "./ArchiveCheck.ts"
import type { Settings } from "./CommandSpec.ts"
import { targetsLive } from "./Live.ts"

/** `choice`: `undefined` leaves topics as they are. */
export const makeTargets = (
  settings: Settings<unknown>,
  choice: TargetChoice | undefined,
  topicConfigs: Readonly<Record<string, string>>
) => {
  let toSwitch: ReadonlyArray<string> = []

  const create = (chosen: TargetChoice) =>
    Effect.gen(function*() {
      yield* checkArchive({ prefix: "", write: false })
      const planned = yield* plannedTargets(chosen)
      const ensured = yield* ensureTargets({ ...planned, topicConfigs })
      toSwitch = ensured.toSwitch
    }).pipe(Effect.provide(targetsLive(settings)))

  return {
    /** Before anything is restored. */
    prepare: choice === undefined ? Effect.void : create(choice),
    /** When everything has been restored. */
    finish: Effect.suspend(() =>
      toSwitch.length === 0
        ? Effect.void
        : Effect.provide(switchTimestamps(toSwitch), targetsLive(settings))
    )
  }
}
