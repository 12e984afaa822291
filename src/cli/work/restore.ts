/** What `restore` does: looks, restores topics, then groups, compares, and reports. */
import { Data, Effect, Stream } from "effect"
import type { Finding } from "../../../streams/archive/Finding.ts"
import { holdRetention, releaseHolds } from "../../../streams/holds/HoldRetention.ts"
import type { RestoreArchiveOptions, RestoreSurvey } from "../../../streams/RestoreArchive.ts"
import {
  restoreArchive,
  surveySteps,
  verifyRestoredArchive
} from "../../../streams/RestoreArchive.ts"
import { switchTimestamps } from "../../../streams/targets/EnsureTargets.ts"
import type { RetentionHold } from "../../domain/RetentionHold.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import { choiceOf } from "../ChoiceFlags.ts"
import type { LongSettings } from "../CommandSpec.ts"
import { restoreLive } from "../Live.ts"
import { runTelling } from "../Progress.ts"
import type { Restored } from "../RestoreReport.ts"
import { showProgress } from "../ShowProgress.ts"
import { counted } from "../Table.ts"
import { restoreGroupsAfter } from "./restoreGroups.ts"
import { leftHolds, tellStillHeld } from "./restoreHold.ts"
import type { Flags } from "./restorePreflight.ts"
import { createMissing, look, printed, refuseUnanswered, stillThere } from "./restorePreflight.ts"
import { nameEach, tellRestored } from "./topicsRestore.ts"

class RestoreDiffers extends Data.TaggedError("RestoreDiffers")<{ readonly message: string }> {}

const optionsOf = (flags: Flags): RestoreArchiveOptions => ({
  plan: {
    topics: flags.restoreTopicsRegex,
    exclude: flags.excludeTopicsRegex,
    choice: choiceOf(flags),
    prefix: flags.prefix,
    processLargeTopicsLast: false,
    largeTopicThresholdMb: 0,
    generation: flags.generation
  },
  rules: {
    topicPrefix: flags.topicPrefix,
    exclude: flags.excludeTopicsRegex,
    choice: choiceOf(flags),
    maxBytesPerSecond: flags.maxBytesPerSecond,
    failOnExistingData: flags.failOnExistingData,
    compression: flags.compressionType
  }
})

const restoreTopics = (
  options: RestoreArchiveOptions,
  survey: RestoreSurvey,
  restored: Map<string, Restored>
) => {
  const files = restoreArchive(options, survey).pipe(
    Stream.tap(({ records, topic }) =>
      Effect.sync(() => {
        const { files, records: before } = restored.get(topic) ?? { files: 0, records: 0 }
        restored.set(topic, { files: files + 1, records: before + records })
      })
    )
  )
  return runTelling(files, tellRestored, "the topics are restored")
}

/** Records by target topic, and what differs. */
const compare = (options: RestoreArchiveOptions) =>
  Effect.gen(function*() {
    yield* Effect.logInfo("comparing what is restored with the archive")
    const findings: Array<Finding> = []
    const compared = new Map<string, number>()
    yield* Stream.runForEach(verifyRestoredArchive(options), (event) =>
      Effect.suspend(() => {
        if (event.kind === "compared") {
          const { records, topic } = event.compared
          compared.set(topic, (compared.get(topic) ?? 0) + records)
          return Effect.void
        }
        const { message, partition, topic } = event.finding
        findings.push(event.finding)
        return Effect.annotateLogs(Effect.logError(message), { topic, partition })
      }))
    return { compared, findings }
  })

const restored = (flags: Flags, hold: (holds: ReadonlyArray<RetentionHold>) => void) =>
  Effect.gen(function*() {
    const options = optionsOf(flags)
    yield* checkArchive({ prefix: flags.prefix, write: false })
    const steps = yield* surveySteps(options)
    const left = yield* leftHolds(flags, new Set(steps.map(({ target }) => target)))
    hold(left)
    const { creation, obstacles } = yield* look(flags, steps, left)
    const survey = { steps, obstacles }
    yield* refuseUnanswered(flags, survey, "nothing was written")
    if (flags.dryRun) {
      return yield* Effect.asVoid(
        printed({ steps, restored: undefined, compared: undefined }, obstacles, flags)
      )
    }
    const created = yield* createMissing(flags, steps, creation)
    const deleting = [...obstacles, ...created.obstacles].flatMap(({ kind, topic }) =>
      kind === "retention" ? [topic] : []
    )
    const wanted = flags.holdRetention ? [...left.map(({ topic }) => topic), ...deleting] : []
    const held = yield* holdRetention(flags.prefix, [...new Set(wanted)])
    hold(held)
    const counts = new Map<string, Restored>()
    const totals = yield* restoreTopics(options, survey, counts).pipe(
      Effect.catchTag("RestoreIncomplete", nameEach)
    )
    yield* restoreGroupsAfter(flags)
    const outcome = flags.verify ? yield* compare(options) : undefined
    yield* switchTimestamps(created.toSwitch)
    const differences = outcome?.findings.length ?? 0
    if (differences === 0) yield* releaseHolds(flags.prefix, held)
    const report = { steps, restored: counts, compared: outcome?.compared }
    yield* printed(report, stillThere(flags, obstacles), flags)
    if (differences === 0) return totals
    const message = `what is restored is not what the archive holds: ${
      counted(differences, "difference")
    }, each named above`
    return yield* new RestoreDiffers({ message })
  })

const restore = (flags: Flags) =>
  Effect.suspend(() => {
    let holds: ReadonlyArray<RetentionHold> = []
    return restored(flags, (held) => {
      holds = held
    }).pipe(Effect.onError(() => tellStillHeld(holds)))
  })

export const whenStopped = (): string =>
  "what is restored stays, nothing is lost or doubled; the same command goes on from there"

export const work = (settings: LongSettings<Flags>) =>
  restore(settings.own).pipe(
    Effect.provide(restoreLive(settings)),
    showProgress(settings.operations, { steps: "files", doing: "restored" })
  )
