/** What `restore` does: looks, restores topics, then groups, compares, and reports. */
import { Data, Effect, Stream } from "effect"
import type { Finding } from "../../../streams/archive/Finding.ts"
import { findDefinitions } from "../../../streams/definitions/ReadDefinitions.ts"
import type { RestoreArchiveOptions, RestoreSurvey } from "../../../streams/RestoreArchive.ts"
import {
  restoreArchive,
  surveyRestore,
  verifyRestoredArchive
} from "../../../streams/RestoreArchive.ts"
import { ensureTargets, switchTimestamps } from "../../../streams/targets/EnsureTargets.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import { choiceOf } from "../ChoiceFlags.ts"
import type { restoreFlags } from "../commands/restore.ts"
import type { LongSettings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { restoreLive } from "../Live.ts"
import { writeOut } from "../Output.ts"
import { runTelling } from "../Progress.ts"
import type { Restored, RestoreReport } from "../RestoreReport.ts"
import { restoreJson, restoreTable } from "../RestoreReport.ts"
import { showProgress } from "../ShowProgress.ts"
import { counted } from "../Table.ts"
import { restoreGroupsAfter } from "./restoreGroups.ts"
import { nameEach, tellRestored } from "./topicsRestore.ts"

type Flags = Values<typeof restoreFlags>

class RestoreRefused extends Data.TaggedError("RestoreRefused")<{ readonly message: string }> {}

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

const printed = (report: RestoreReport, { output }: Flags) =>
  writeOut(output === "json" ? restoreJson(report) : restoreTable(report))

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

/** As their sources were, when that is wanted. */
const createMissing = (flags: Flags, { steps }: RestoreSurvey) =>
  Effect.gen(function*() {
    if (!flags.createTopics) return { created: [], toSwitch: [] }
    const topics = steps.map(({ source }) => source.topic)
    const atMs = flags.toTime === undefined ? undefined : Number(flags.toTime)
    return yield* ensureTargets({
      wanted: steps.map(({ source, target }) => ({
        source: source.topic,
        target,
        leastPartitions: source.partitionCount
      })),
      definitions: yield* findDefinitions(flags.prefix, topics, atMs),
      topicConfigs: flags.topicConfig
    })
  })

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

const restore = (flags: Flags) =>
  Effect.gen(function*() {
    const options = optionsOf(flags)
    yield* checkArchive({ prefix: flags.prefix, write: false })
    const survey = yield* surveyRestore(options)
    const seen = { ...survey, restored: undefined, compared: undefined }
    const { length } = survey.obstacles.filter(({ kind }) =>
      !flags.accept.has(kind) && !(flags.createTopics && kind === "missing")
    )
    if (flags.dryRun || length > 0) yield* printed(seen, flags)
    if (length > 0) {
      const message = `${length === 1 ? "1 thing is" : `${length} things are`} in the way, ` +
        "each named above with its remedy; nothing was written"
      return yield* new RestoreRefused({ message })
    }
    if (flags.dryRun) return
    const { toSwitch } = yield* createMissing(flags, survey)
    const restored = new Map<string, Restored>()
    const totals = yield* restoreTopics(options, survey, restored).pipe(
      Effect.catchTag("RestoreIncomplete", nameEach)
    )
    yield* restoreGroupsAfter(flags)
    const outcome = flags.verify ? yield* compare(options) : undefined
    yield* switchTimestamps(toSwitch)
    yield* printed({ ...survey, restored, compared: outcome?.compared }, flags)
    const differences = outcome?.findings.length ?? 0
    if (differences === 0) return totals
    const message = `what is restored is not what the archive holds: ${
      counted(differences, "difference")
    }, each named above`
    return yield* new RestoreDiffers({ message })
  })

export const whenStopped = (): string =>
  "what is restored stays, nothing is lost or doubled; the same command goes on from there"

export const work = (settings: LongSettings<Flags>) =>
  restore(settings.own).pipe(
    Effect.provide(restoreLive(settings)),
    showProgress(settings.operations, { steps: "files", doing: "restored" })
  )
