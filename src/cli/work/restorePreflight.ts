/** What `restore` finds before its first byte, and how it goes on from there. */
import { Data, Effect } from "effect"
import { findDefinitions } from "../../../streams/definitions/ReadDefinitions.ts"
import type { RestoreStep } from "../../../streams/preflight/LookAhead.ts"
import { lookAhead, plainLook } from "../../../streams/preflight/LookAhead.ts"
import type { Obstacle } from "../../../streams/preflight/Preflight.ts"
import type { RestoreSurvey } from "../../../streams/RestoreArchive.ts"
import { ensureTargets } from "../../../streams/targets/EnsureTargets.ts"
import type { RetentionHold } from "../../domain/RetentionHold.ts"
import type { restoreFlags } from "../commands/restore.ts"
import type { Values } from "../Flag.ts"
import { writeOut } from "../Output.ts"
import type { RestoreReport } from "../RestoreReport.ts"
import { restoreJson, restoreTable } from "../RestoreReport.ts"
import { counted } from "../Table.ts"
import { groupsToRestore } from "./restoreGroups.ts"

export type Flags = Values<typeof restoreFlags>

export class RestoreRefused
  extends Data.TaggedError("RestoreRefused")<{ readonly message: string }>
{}

/** The flag that lets the restore go on all the same. */
const answerTo = (
  { accept, createTopics, holdRetention }: Flags,
  { kind }: Obstacle
): string | undefined => {
  if (createTopics && kind === "missing") return "-create-topics"
  if (holdRetention && kind === "retention") return "-hold-retention"
  return accept.has(kind) ? `-accept ${kind}` : undefined
}

/** What came of it, as far as it is known. */
export const printed = (
  { steps, ...outcome }: Omit<RestoreReport, "obstacles">,
  obstacles: ReadonlyArray<Obstacle>,
  flags: Flags
) => {
  const report = {
    steps,
    obstacles: obstacles.map((each) => ({ ...each, answer: answerTo(flags, each) })),
    ...outcome
  }
  return writeOut(flags.output === "json" ? restoreJson(report) : restoreTable(report))
}

/** What has been overcome when all is restored is not in the way any more. */
export const stillThere = (flags: Flags, obstacles: ReadonlyArray<Obstacle>) =>
  obstacles.filter(({ kind }) => flags.accept.has(kind))

/** Prints what no option answers, and fails. `done`: what has been done so far. */
export const refuseUnanswered = (flags: Flags, survey: RestoreSurvey, done: string) =>
  Effect.gen(function*() {
    const { obstacles, steps } = survey
    const open = obstacles.filter((obstacle) => answerTo(flags, obstacle) === undefined)
    if (open.length === 0) return
    yield* printed({ steps, restored: undefined, compared: undefined }, obstacles, flags)
    const message = `${open.length === 1 ? "1 thing is" : `${open.length} things are`} in the ` +
      `way, each named above with its remedy; ${done}`
    return yield* new RestoreRefused({ message })
  })

/** `undefined`: missing targets are not to be created. */
const creationOf = (flags: Flags, steps: ReadonlyArray<RestoreStep>) =>
  Effect.gen(function*() {
    if (!flags.createTopics) return undefined
    const topics = steps.map(({ source }) => source.topic)
    const atMs = flags.toTime === undefined ? undefined : Number(flags.toTime)
    const definitions = yield* findDefinitions(flags.prefix, topics, atMs)
    return { definitions, topicConfigs: flags.topicConfig }
  })

/** All that is in the way, and with what missing targets are created. Writes nothing. */
export const look = (
  flags: Flags,
  steps: ReadonlyArray<RestoreStep>,
  held: ReadonlyArray<RetentionHold>
) =>
  Effect.gen(function*() {
    const creation = yield* creationOf(flags, steps)
    const obstacles = yield* lookAhead(steps, {
      failOnExistingData: flags.failOnExistingData,
      creation,
      hold: flags.holdRetention ? new Set(held.map(({ topic }) => topic)) : undefined,
      groups: yield* groupsToRestore(flags),
      disk: true
    })
    return { obstacles, creation }
  })

/**
 * Creates what is missing as its source was, when that is wanted, and looks at it again: what the
 * brokers' defaults come to shows only then. Fails when that is in the way.
 */
export const createMissing = (
  flags: Flags,
  steps: ReadonlyArray<RestoreStep>,
  creation: Effect.Effect.Success<ReturnType<typeof look>>["creation"]
) =>
  Effect.gen(function*() {
    const none: ReadonlyArray<Obstacle> = []
    if (creation === undefined) return { obstacles: none, toSwitch: [] }
    const { created, toSwitch } = yield* ensureTargets({
      ...creation,
      wanted: steps.map(({ source, target }) => ({
        source: source.topic,
        target,
        leastPartitions: source.partitionCount
      }))
    })
    if (created.length === 0) return { obstacles: none, toSwitch }
    const fresh = steps.filter(({ target }) => created.includes(target))
    const obstacles = yield* lookAhead(fresh, {
      ...plainLook,
      disk: false,
      failOnExistingData: false,
      hold: flags.holdRetention ? new Set() : undefined
    })
    const done = `${counted(created.length, "topic")} created, nothing was restored`
    yield* refuseUnanswered(flags, { steps: fresh, obstacles }, done)
    return { obstacles, toSwitch }
  })
