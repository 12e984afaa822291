/** The consumer groups of `restore`: behind the topics, to the positions of the same moment. */
import { Effect, Stream } from "effect"
import { restoreGroupsTelling } from "../../../streams/RestoreGroups.ts"
import { chooseSnapshot } from "../../../streams/snapshot/SnapshotStore.ts"
import { select } from "../../../streams/translate/Wanted.ts"
import type { PositionOutcome } from "../../domain/Translation.ts"
import { choiceOf } from "../ChoiceFlags.ts"
import type { restoreFlags } from "../commands/restore.ts"
import type { Values } from "../Flag.ts"
import type { GroupsReport } from "../GroupsReport.ts"
import { countOf, groupsJson, groupsTable } from "../GroupsReport.ts"
import { writeOut } from "../Output.ts"
import { PartlyDone } from "../WorkersFailed.ts"

type Flags = Values<typeof restoreFlags>

const optionsOf = (flags: Flags) => ({
  location: flags.location,
  snapshot: flags.toTime === undefined
    ? { kind: "main" as const }
    : { kind: "at" as const, timeMs: Number(flags.toTime) },
  groupsPrefix: "",
  topicsPrefix: flags.topicPrefix,
  includeGroups: () => true,
  excludeGroups: flags.excludeGroups,
  excludeTopics: (topic: string) =>
    flags.excludeTopicsRegex(topic) || !flags.restoreTopicsRegex.some((matches) => matches(topic)),
  choice: choiceOf(flags),
  archivePrefix: flags.prefix,
  plan: undefined,
  onAhead: "latest" as const,
  onMissingTopic: "skip" as const,
  loopIntervalMs: 60_000,
  dryRun: false,
  once: true
})

/** Fails when their snapshot cannot be read: that would come to light only behind the topics. */
export const groupsToRestore = (flags: Flags) =>
  Effect.gen(function*() {
    if (flags.location === "") return []
    const options = optionsOf(flags)
    const { snapshot } = yield* chooseSnapshot(options.location, options.snapshot)
    const { positions } = select(snapshot.groups, options)
    return [...new Set(positions.map(({ group }) => group.target))]
  })

/** Says so when groups are left out. Fails when a position has no place. */
export const restoreGroupsAfter = (flags: Flags) =>
  Effect.gen(function*() {
    if (flags.location === "") {
      return yield* Effect.logInfo(
        "consumer groups are left out: -s3-location names their snapshot"
      )
    }
    const positions: Array<PositionOutcome> = []
    let report: GroupsReport | undefined
    yield* Stream.runForEach(restoreGroupsTelling(optionsOf(flags)), (event) =>
      Effect.sync(() => {
        if (event.kind === "position") positions.push(event.outcome)
        else if (event.kind === "snapshot") {
          const { facts, key } = event
          report = { snapshot: { key, facts }, positions, dryRun: false, fetches: 0, bytes: 0 }
        } else if (report !== undefined) {
          const { bytes, fetches } = event
          report = { ...report, fetches, bytes }
        }
      }))
    if (report === undefined) return
    yield* writeOut(flags.output === "json" ? groupsJson(report) : `${groupsTable(report)}\n`)
    const failed = countOf(positions, "failed")
    if (failed === 0) return
    const message =
      `${failed} of ${positions.length} positions of consumer groups have no place, ` +
      "each named above with the reason; repair what is said there and run the same command again"
    return yield* new PartlyDone({ message })
  })
