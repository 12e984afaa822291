/** Notices partitions whose last stable offset stands still: a transaction there does not end. */
import { Clock, Effect } from "effect"
import type { OwnedPartition } from "./OwnedPartition.ts"

/** By name. */
type Partitions = ReadonlyMap<string, Pick<OwnedPartition, "highWatermark" | "lastStableOffset">>

/**
 * Milliseconds. A producer's transaction is ended by the broker after one minute, unless the
 * producer asks for more (`transaction.timeout.ms`).
 */
const patienceMs = 300_000

interface Standstill {
  /** The first offset of the transaction. */
  readonly offset: bigint
  readonly sinceMs: number
  readonly told: boolean
}

const heldUp = "a transaction that does not end holds up the backup of a partition: "
  + "nothing behind it can be read until it ends"

/** To be run now and then: one warning for each standstill, and one line when it is over. */
export const makeHeldUp = (owned: Partitions): Effect.Effect<void> => {
  const standstills = new Map<string, Standstill>()

  return Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    for (const name of standstills.keys()) if (!owned.has(name)) standstills.delete(name)
    for (const [name, { highWatermark, lastStableOffset: offset }] of owned) {
      const open = highWatermark > offset
      const before = standstills.get(name)
      if (open && before?.offset === offset) {
        if (before.told || now - before.sinceMs < patienceMs) continue
        standstills.set(name, { ...before, told: true })
        const seconds = Math.round((now - before.sinceMs) / 1000)
        yield* Effect.annotateLogs(Effect.logWarning(heldUp), {
          partition: name,
          offset: String(offset),
          seconds
        })
        continue
      }
      if (open) standstills.set(name, { offset, sinceMs: now, told: false })
      else standstills.delete(name)
      if (before?.told === true) {
        yield* Effect.annotateLogs(
          Effect.logInfo("the transaction that held up a partition has ended"),
          { partition: name }
        )
      }
    }
  })
}
