/** Holds back what is restored to so many bytes a second. */
import { Clock, Effect } from "effect"
import { targetBatchBytes } from "./FileAssembly.ts"

export interface Pace {
  /** Waits until so many bytes more may be sent. */
  readonly take: (bytes: number) => Effect.Effect<void>
  /** Bytes of the largest batch with which sending stays even. */
  readonly batchBytes: number
}

/** Batches a second, at least, so that an average over seconds holds. */
const batchesPerSecond = 20
/** Bytes; smaller batches cost more than they even out. */
const smallestBatch = 4096

/** `bytesPerSecond`: 0 for no bound. */
export const makePace = (bytesPerSecond: number): Pace => {
  if (bytesPerSecond === 0) return { take: () => Effect.void, batchBytes: targetBatchBytes }
  /** Milliseconds since the epoch: when all that was taken so far has had its time. */
  let nextAt = 0
  return {
    take: (bytes) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const at = Math.max(now, nextAt)
        nextAt = at + bytes / bytesPerSecond * 1000
        return at > now ? Effect.sleep(at - now) : Effect.void
      }),
    batchBytes: Math.min(
      targetBatchBytes,
      Math.max(smallestBatch, Math.floor(bytesPerSecond / batchesPerSecond))
    )
  }
}
