/** Keeps snapshots beside the main object: when one is due, how long held ones held, which expire. */
import { Clock, Effect, Metric } from "effect"
import { groupHistoryFailures } from "../../services/Metrics.ts"
import type { ObjectStore } from "../../services/ObjectStore.ts"
import type { SnapshotFacts } from "../../src/domain/GroupSnapshot.ts"
import type { BackupGroupsOptions } from "../../src/domain/Settings.ts"
import type { HistoryEntry, TakenSnapshot } from "./SnapshotStore.ts"
import { historyFacts, listHistory, removeHistory, writeHistory } from "./SnapshotStore.ts"

export interface History {
  /**
   * When the unbroken run of held snapshots began that ends with the newest entry, all of them
   * newer than the main object; `undefined` when there is none, or none can be read.
   */
  readonly heldSince: (
    mainTakenAtMs: number | undefined
  ) => Effect.Effect<number | undefined, never, ObjectStore>
  /**
   * Keeps the snapshot if one is due, and removes what is too old. The key when it was kept.
   * Never fails: what goes wrong is a warning and counted.
   */
  readonly keep: (
    snapshot: TakenSnapshot,
    mainTakenAtMs: number | undefined
  ) => Effect.Effect<string | undefined, never, ObjectStore>
}

const none: History = {
  heldSince: () => Effect.succeed(undefined),
  keep: () => Effect.succeed(undefined)
}

/** Requests under way at once when entries are removed. */
const removalsAtOnce = 4

/** Schedulers start runs a little early at times: an entry that is nearly due is due. */
const slackOf = (intervalMs: number): number => Math.min(intervalMs / 10, 30_000)

const warned = (message: string) => (error: { readonly message: string }) =>
  Effect.logWarning(message).pipe(
    Effect.annotateLogs({ error: error.message }),
    Effect.zipRight(Metric.increment(groupHistoryFailures))
  )

export const makeHistory = (options: BackupGroupsOptions): History => {
  const { historyIntervalMs, historyMaxAgeMs, location } = options
  if (historyIntervalMs === 0) return none
  const known = new Map<string, SnapshotFacts | undefined>()
  /** What this process kept last, or found to be the newest. */
  let last: { readonly held: boolean; readonly takenAtMs: number } | undefined

  const isDue = (sinceMs: number, nowMs: number) =>
    nowMs - sinceMs >= historyIntervalMs - slackOf(historyIntervalMs)

  /** `undefined`: damaged, or removed meanwhile. */
  const factsOf = (entry: HistoryEntry) =>
    Effect.gen(function*() {
      if (known.has(entry.key)) return known.get(entry.key)
      const facts = yield* historyFacts(entry).pipe(
        Effect.catchTag("SnapshotError", (error) =>
          Effect.as(warned("a snapshot in the history cannot be used")(error), undefined))
      )
      known.set(entry.key, facts)
      return facts
    })

  const list = Effect.tap(listHistory(location), (entries) => {
    const keys = new Set(entries.map(({ key }) => key))
    for (const key of known.keys()) if (!keys.has(key)) known.delete(key)
  })

  /** The held entries at the end that are newer than the main object, the newest first. */
  const heldRun = (entries: ReadonlyArray<HistoryEntry>, mainTakenAtMs: number | undefined) =>
    Effect.gen(function*() {
      const run: Array<HistoryEntry> = []
      for (const entry of [...entries].reverse()) {
        if (mainTakenAtMs !== undefined && entry.takenAtMs <= mainTakenAtMs) break
        if ((yield* factsOf(entry))?.held !== true) break
        run.push(entry)
      }
      return run
    })

  const expired = (entries: ReadonlyArray<HistoryEntry>, nowMs: number) =>
    Effect.gen(function*() {
      const old = entries.filter(({ takenAtMs }) => takenAtMs < nowMs - historyMaxAgeMs)
      if (old.length === 0) return old
      for (const entry of [...entries].reverse()) {
        const facts = yield* factsOf(entry)
        if (facts?.complete === true && !facts.held) return old.filter((each) => each !== entry)
      }
      return old.slice(0, -1)
    })

  const expire = (entries: ReadonlyArray<HistoryEntry>, nowMs: number) =>
    expired(entries, nowMs).pipe(
      Effect.flatMap(Effect.forEach(removeHistory, { concurrency: removalsAtOnce, discard: true })),
      Effect.catchAll(warned("cannot remove old snapshots from the history"))
    )

  const write = (snapshot: TakenSnapshot) =>
    writeHistory(location, snapshot).pipe(
      Effect.map((key): string | undefined => {
        last = snapshot.facts
        known.set(key, snapshot.facts)
        return key
      }),
      Effect.catchAll((error) =>
        Effect.as(warned("cannot keep the snapshot in the history")(error), undefined)
      )
    )

  const isDueAfter = (
    entries: ReadonlyArray<HistoryEntry>,
    held: boolean,
    mainTakenAtMs: number | undefined,
    nowMs: number
  ) =>
    Effect.gen(function*() {
      // The first held one is kept at once, for its time says since when they have held.
      const run = held ? yield* heldRun(entries, mainTakenAtMs) : entries.slice(-1)
      const newest = run[0]
      if (newest === undefined || isDue(newest.takenAtMs, nowMs)) return true
      last = { held, takenAtMs: newest.takenAtMs }
      return false
    })

  return {
    heldSince: (mainTakenAtMs) =>
      list.pipe(
        Effect.flatMap((entries) => heldRun(entries, mainTakenAtMs)),
        Effect.map((run) => run.at(-1)?.takenAtMs),
        Effect.catchAll((error) =>
          Effect.as(
            warned("cannot read in the history since when snapshots have been held")(error),
            undefined
          )
        )
      ),
    keep: (snapshot, mainTakenAtMs) =>
      Effect.gen(function*() {
        const nowMs = yield* Clock.currentTimeMillis
        const { held } = snapshot.facts
        const replaced = held && last !== undefined && last.takenAtMs <= (mainTakenAtMs ?? 0)
        if (last?.held === held && !replaced && !isDue(last.takenAtMs, nowMs)) return undefined
        const entries = yield* list
        const due = yield* isDueAfter(entries, held, mainTakenAtMs, nowMs)
        const key = due ? yield* write(snapshot) : undefined
        const added = key === undefined ? [] : [{ key, takenAtMs: snapshot.facts.takenAtMs }]
        yield* expire([...entries, ...added], nowMs)
        return key
      }).pipe(Effect.catchAll((error) =>
        // Whoever may write but not list still gets a history.
        Effect.zipRight(warned("cannot read the history")(error), write(snapshot))
      ))
  }
}
