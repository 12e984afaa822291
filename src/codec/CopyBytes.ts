/** Copies bytes between buffers without allocating a view, short runs by hand. */
import type { Buffer } from "node:buffer"

/** Below this a byte loop beats the call into native code (measured on Node 24: 32 to 40 bytes). */
const loopLimit = 32

/** Copies `from[start, end)` to `to` at `at`; the position after it. The caller has made room. */
export const copyBytes = (
  from: Buffer,
  start: number,
  end: number,
  to: Buffer,
  at: number
): number => {
  if (end - start >= loopLimit) {
    from.copy(to, at, start, end)
    return at + end - start
  }
  for (let position = start; position < end; position++) to[at++] = from[position]!
  return at
}
