/** What the main thread does while workers do the work: it waits for them, and says how it went. */
import { Effect } from "effect"
import type { EndedWorker } from "../../services/WorkerPool.ts"
import { WorkerPool } from "../../services/WorkerPool.ts"
import type { Totals } from "./Progress.ts"
import { WorkersFailed } from "./WorkersFailed.ts"

const totalsOf = (ended: ReadonlyArray<EndedWorker>): Totals => {
  const sum = (of: "files" | "records" | "bytes") =>
    ended.reduce((total, { totals }) => total + totals[of], 0)
  return { files: sum("files"), records: sum("records"), bytes: sum("bytes") }
}

/**
 * Fails with what the first worker says that has failed; with what all of them say that could not
 * do everything, if none has. `finished`: said with the totals when all is done.
 */
export const supervise = (
  workers: number,
  finished: string
): Effect.Effect<Totals, WorkersFailed, WorkerPool> =>
  Effect.gen(function*() {
    const pool = yield* WorkerPool
    yield* Effect.annotateLogs(Effect.logInfo("workers started"), { workers })
    const ended = yield* pool.ended
    const failed = ended.find(({ outcome }) => outcome === "failed")
    const failures = failed === undefined
      ? ended.filter(({ outcome }) => outcome === "incomplete")
      : [failed]
    if (failures.length > 0) return yield* new WorkersFailed({ failures })
    const totals = totalsOf(ended)
    yield* Effect.annotateLogs(Effect.logInfo(finished), { ...totals })
    return totals
  })
