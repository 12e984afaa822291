/** Tells in the log what is restored, and after each pass what still waits and why. */
import { Effect } from "effect"
import type { GroupSnapshot } from "../../src/domain/GroupSnapshot.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { Book, Settled } from "./Settle.ts"
import type { Selection } from "./Wanted.ts"

/** Names and positions that a line tells; the rest is in its count. */
const told = 5

const few = (names: ReadonlyArray<string>): string =>
  `${names.slice(0, told).join(", ")}${names.length > told ? ", …" : ""}`

const tellNames = (message: string, names: ReadonlyArray<string>) =>
  names.length === 0
    ? Effect.void
    : Effect.annotateLogs(Effect.logInfo(message), { count: names.length, names: few(names) })

/** What the snapshot is, and what of it is not restored. */
export const tellSelection = (
  key: string,
  { facts }: GroupSnapshot,
  selection: Selection
) =>
  Effect.gen(function*() {
    yield* Effect.annotateLogs(Effect.logInfo("snapshot of consumer groups found"), {
      key,
      positions: selection.positions.length,
      ...(facts === undefined ? {} : {
        takenAt: new Date(facts.takenAtMs).toISOString(),
        clusterId: facts.clusterId,
        complete: facts.complete
      })
    })
    if (facts?.complete === false) {
      yield* Effect.logWarning("the snapshot is incomplete: positions can be missing or older")
        .pipe(
          Effect.annotateLogs({ key })
        )
    }
    yield* tellNames("consumer groups left out as asked", selection.groupsLeftOut)
    yield* tellNames("topics left out as asked", selection.topicsLeftOut)
    yield* tellNames("partitions left out as asked", selection.partitionsLeftOut)
    yield* tellNames("consumer groups without positions", selection.groupsWithoutPositions)
    if (selection.positions.length === 0) {
      yield* Effect.logWarning("the snapshot has no position that is asked for").pipe(
        Effect.annotateLogs({ key })
      )
    }
  })

const countOf = (settled: ReadonlyArray<Settled>, status: string): number =>
  settled.filter(({ outcome }) => outcome.status === status).length

/** Counts, then a line for each of the first positions that failed or wait. */
export const tellPass = (
  { settled, waiting }: Book,
  searched: { readonly fetches: number; readonly bytes: number }
) =>
  Effect.gen(function*() {
    yield* Effect.annotateLogs(Effect.logInfo("consumer groups looked at"), {
      exact: countOf(settled, "exact"),
      clamped: countOf(settled, "clamped"),
      skipped: countOf(settled, "skipped"),
      failed: countOf(settled, "failed"),
      waiting: waiting.length,
      ...searched
    })
    const failed = settled.filter(({ outcome }) => outcome.status === "failed")
    for (const { open, outcome } of failed.slice(0, told)) {
      yield* Effect.logWarning("position not restored").pipe(
        Effect.annotateLogs({
          group: open.group.target,
          partition: topicPartitionName(open.target),
          reason: outcome.reason
        })
      )
    }
    for (const { because, open, reason } of waiting.slice(0, told)) {
      const log = because === "trouble" ? Effect.logWarning : Effect.logInfo
      yield* log("position waits").pipe(
        Effect.annotateLogs({
          group: open.group.target,
          partition: topicPartitionName(open.target),
          reason
        })
      )
    }
  })
