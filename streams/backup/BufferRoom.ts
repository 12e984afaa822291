/** How much may be in the disk buffer and on its way into it, and who waits when that is reached. */
import { Clock, Effect } from "effect"
import type { ByteBudget } from "../ByteBudget.ts"
import { makeByteBudget } from "../ByteBudget.ts"
import type { CountedBuffer } from "./CountedBuffer.ts"
import type { OpenBlocks } from "./OpenBlocks.ts"
import { makeOpenBlocks } from "./OpenBlocks.ts"

/** Uncompressed bytes of encoded blocks waiting for compression and disk, in all. */
export const blockBudgetBytes = 3 << 20
/** Bytes of blocks that are still open, of all partitions together. */
const openBlockBytes = 64 << 20
const leastBlockBytes = 16 << 10
/** Milliseconds of waiting at the bound after which somebody should be told. */
const patienceMs = 5000
/** How often whoever waits looks again. */
const lookAgain = "20 millis"

export interface BufferRoom {
  /** Blocks on their way into the buffer; `room` waits for the disk buffer too. */
  readonly budget: ByteBudget
  readonly openBlocks: OpenBlocks
  /** Bytes of a block at most, so that many fit; infinite without a bound. */
  readonly largestBlock: number
  /** Bytes in the buffer that an upload can remove. */
  readonly bytes: () => number
  /** True while what is buffered and what is on its way are below the bound, or there is none. */
  readonly hasRoom: () => boolean
  /** True when files are to be uploaded before their time. */
  readonly isNearlyFull: () => boolean
  /** These files do not count from now on: no upload removes them, so nothing must wait for it. */
  readonly except: (names: ReadonlySet<string>) => void
  /** Says when fetching has been waiting for a while, and when it goes on. To be repeated. */
  readonly tell: Effect.Effect<void>
}

/** `maxBytes`: of the disk buffer; 0 for no bound. Open and finished blocks get a quarter each. */
export const makeBufferRoom = (maxBytes: number, counted: CountedBuffer): BufferRoom => {
  const bound = maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes
  const budget = makeByteBudget(Math.min(blockBudgetBytes, bound / 4))
  const openBlocks = makeOpenBlocks(Math.min(openBlockBytes, bound / 4))
  let excepted: ReadonlySet<string> = new Set()
  let waitingSinceMs: number | undefined
  let told = false

  const bytes = () => {
    let left = counted.bytes()
    for (const name of excepted) left -= counted.sizes.get(name) ?? 0
    return left
  }
  const used = () => bytes() + budget.used() + openBlocks.bytes()
  const hasRoom = () => maxBytes === 0 || used() < bound
  const room: Effect.Effect<void> = Effect.suspend(() =>
    hasRoom() ? Effect.void : Effect.zipRight(Effect.sleep(lookAgain), room)
  )

  return {
    budget: maxBytes === 0 ? budget : { ...budget, room: Effect.zipRight(budget.room, room) },
    openBlocks,
    largestBlock: Math.max(leastBlockBytes, Math.floor(bound / 16)),
    bytes,
    hasRoom,
    isNearlyFull: () => maxBytes > 0 && bytes() > bound / 2 && used() > bound * 0.75,
    except: (names) => {
      excepted = names
    },
    tell: Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      if (hasRoom()) {
        if (told) yield* Effect.logInfo("the disk buffer has room again, fetching goes on")
        waitingSinceMs = undefined
        told = false
        return
      }
      waitingSinceMs ??= now
      if (told || now - waitingSinceMs < patienceMs) return
      told = true
      yield* Effect.logWarning("the disk buffer has reached its bound, fetching waits").pipe(
        Effect.annotateLogs({ bytes: counted.bytes(), bound: maxBytes })
      )
    })
  }
}
