/** One run after the other of the backup of consumer groups, and what they remember in between. */
import { Clock, Effect, Metric } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { Kafka, KafkaError } from "../../services/Kafka.ts"
import { groupsSnapshotAge } from "../../services/Metrics.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { GroupPositions } from "../../src/domain/GroupSnapshot.ts"
import { countPositions } from "../../src/domain/GroupSnapshot.ts"
import type { BackupGroupsOptions } from "../../src/domain/Settings.ts"
import type { Before } from "./Baseline.ts"
import { beforeOf, readBefore } from "./Baseline.ts"
import { carryOver, describeMissing, isComplete } from "./CarryOver.ts"
import type { Collected } from "./Collect.ts"
import { collect } from "./Collect.ts"
import { emptyPartitions, withoutPartitions } from "./EmptyPartitions.ts"
import type { Decision } from "./Guard.ts"
import { decide } from "./Guard.ts"
import { makeHistory } from "./History.ts"
import { complain, heldBack, incomplete, otherCluster } from "./Problems.ts"
import type { SnapshotError } from "./SnapshotError.ts"
import type { SnapshotRun } from "./SnapshotRun.ts"
import { showRun } from "./SnapshotRun.ts"
import { writeMain } from "./SnapshotStore.ts"

export type RunError = KafkaError | StoreError | SnapshotError | CodecError

export interface Ran {
  readonly run: SnapshotRun
  /** What is wrong with the snapshot; said already. */
  readonly problem: SnapshotError | undefined
}

export interface Runs {
  /** Takes a snapshot and stores it where it belongs, unless something else is there. */
  readonly next: Effect.Effect<Ran, RunError, Kafka | ObjectStore | ForeignSchema>
  /** Brings the age of the newest good snapshot up to date; shows none while none is known. */
  readonly showAge: Effect.Effect<void>
}

/** What is to be stored, and what it is held against. */
interface Snapshot {
  readonly collected: Collected
  readonly before: Before
  /** As the main object is to have them. */
  readonly groups: ReadonlyArray<GroupPositions>
}

/** Positions of another cluster say nothing about the groups of this one. */
const groupsBefore = ({ baseline, groups }: Before, clusterId: string) =>
  baseline.kind === "known" && (baseline.clusterId ?? clusterId) === clusterId ? groups : []

export const makeRuns = (options: BackupGroupsOptions): Runs => {
  const { location, shrinkHoldMs } = options
  const history = makeHistory(options)
  /** What this process made of the main object last. */
  let written: Before | undefined
  let heldSinceMs: number | undefined
  let newestGoodMs: number | undefined
  let saidDenied = false
  let saidShareGroups = ""

  const denied = (error: StoreError) =>
    Effect.suspend(() => {
      if (saidDenied) return Effect.void
      saidDenied = true
      return Effect.logWarning(
        "may not read the snapshot that is to be replaced: comparing with what this process has written"
      ).pipe(Effect.annotateLogs({ error: error.message }))
    })

  const saySkipped = (shareGroups: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      const names = shareGroups.join(" ")
      const isNews = names !== saidShareGroups
      saidShareGroups = names
      if (names === "") return Effect.void
      const message = "share groups are skipped: they have no offsets to go on from"
      return (isNews ? Effect.logInfo(message) : Effect.logDebug(message)).pipe(
        Effect.annotateLogs({ groups: names })
      )
    })

  const judge = ({ before, collected, groups }: Snapshot): Effect.Effect<
    Decision,
    never,
    ObjectStore
  > =>
    Effect.gen(function*() {
      const { clusterId, takenAtMs } = collected
      const candidate = { clusterId, positions: countPositions(groups) }
      const decideSince = (sinceMs: number | undefined) =>
        decide(before.baseline, candidate, options, sinceMs, takenAtMs)
      // What somebody else has written since begins a new run.
      const remembered = (heldSinceMs ?? 0) > (before.takenAtMs ?? 0) ? heldSinceMs : undefined
      const decision = decideSince(remembered)
      if (decision.kind !== "hold") return decision
      const kept = yield* history.heldSince(before.takenAtMs)
      return decideSince(Math.min(kept ?? decision.sinceMs, decision.sinceMs))
    })

  const keep = ({ before, collected }: Snapshot, held: boolean) => {
    const { clusterId, groups, takenAtMs } = collected
    if (!isComplete(collected)) return Effect.succeed(undefined)
    const facts = { clusterId, takenAtMs, complete: true, held }
    return history.keep({ facts, groups }, before.takenAtMs)
  }

  const replace = (snapshot: Snapshot, afterHold: boolean) =>
    Effect.gen(function*() {
      const { collected, groups } = snapshot
      const { clusterId, takenAtMs } = collected
      const complete = isComplete(collected)
      heldSinceMs = undefined
      const facts = { clusterId, takenAtMs, complete, held: false }
      const outcome = yield* Effect.either(writeMain(location, { facts, groups }))
      // The history may still be had when the main object is not.
      const historyKey = yield* keep(snapshot, false)
      yield* outcome
      written = beforeOf(clusterId, takenAtMs, complete, groups)
      if (complete) newestGoodMs = takenAtMs
      if (afterHold) {
        yield* Effect.logWarning("replaced by a snapshot with far fewer positions").pipe(
          Effect.annotateLogs({ location, positions: countPositions(groups) })
        )
      }
      return { outcome: "replaced" as const, historyKey, problem: undefined }
    })

  const store = (snapshot: Snapshot, decision: Decision) => {
    const { before, collected, groups } = snapshot
    if (decision.kind === "replace") return replace(snapshot, decision.afterHold)
    if (decision.kind === "refuse") {
      const problem = otherCluster(location, decision.mainClusterId, collected.clusterId)
      heldSinceMs = undefined
      return complain(problem, "other_cluster").pipe(
        Effect.as({ outcome: "refused" as const, historyKey: undefined, problem })
      )
    }
    const problem = heldBack(decision, before.baseline, countPositions(groups), shrinkHoldMs)
    heldSinceMs = decision.sinceMs
    return Effect.zipRight(complain(problem, decision.reason), keep(snapshot, true)).pipe(
      Effect.map((historyKey) => ({ outcome: "held" as const, historyKey, problem }))
    )
  }

  const next = Effect.gen(function*() {
    const startMs = yield* Clock.currentTimeMillis
    const collected = yield* collect
    yield* saySkipped(collected.shareGroups)
    const before = yield* readBefore(location, written, denied)
    if (before.complete) newestGoodMs = before.takenAtMs ?? newestGoodMs
    const withData = withoutPartitions(collected.groups, yield* emptyPartitions(collected.groups))
    const { failed, groups } = carryOver(
      collected,
      withData,
      groupsBefore(before, collected.clusterId)
    )
    const complete = isComplete(collected)
    const missing = complete ? undefined : incomplete(describeMissing(collected))
    if (missing !== undefined) yield* complain(missing, "incomplete")
    const snapshot = { collected, before, groups }
    const { historyKey, outcome, problem } = yield* store(snapshot, yield* judge(snapshot))
    const run: SnapshotRun = {
      outcome,
      complete,
      groups: groups.length,
      positions: countPositions(groups),
      positionsWithoutData: countPositions(collected.groups) - countPositions(withData),
      skippedShareGroups: collected.shareGroups.length,
      failedGroups: failed,
      durationMs: (yield* Clock.currentTimeMillis) - startMs,
      historyKey
    }
    yield* showRun(run)
    return { run, problem: problem ?? missing }
  }).pipe(Effect.withSpan("BackupGroups.run"))

  const showAge = Effect.flatMap(Clock.currentTimeMillis, (nowMs) =>
    newestGoodMs === undefined
      ? Effect.void
      : Metric.set(groupsSnapshotAge, Math.max(0, nowMs - newestGoodMs) / 1000))

  return { next: Effect.tap(next, () => showAge), showAge }
}
