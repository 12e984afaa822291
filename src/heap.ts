/** Bounds of V8's heap: memory is for records. */
import v8 from "node:v8"

/**
 * Bytes up to which the young generation grows; both of its halves count. At the 1 MB that it begins
 * with, most of what a batch leaves behind is copied before it is garbage (measured: a sixth of the
 * processor time with 3,000 partitions); the 64 MB that it would grow to do little more.
 */
const youngBytes = 4 << 20
const lookEveryMs = 100

const bytesOfYoung = (): number =>
  v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0

/** V8 takes its upper bound only when it starts, but asks each time how fast to grow. */
const boundYoung = (): void => {
  let factor = 0
  const set = (wanted: number) => {
    if (wanted !== factor) v8.setFlagsFromString(`--semi-space-growth-factor=${wanted}`)
    factor = wanted
  }
  // What is loaded first stays: it would fill any.
  set(1)
  setInterval(() => set(bytesOfYoung() < youngBytes ? 2 : 1), lookEveryMs).unref()
}

/** To be called once, before anything else makes memory. */
export const boundHeap = (): void => {
  // The old generation is collected when it has grown by half, in place of quadrupled.
  v8.setFlagsFromString("--heap-growing-percent=50")
  boundYoung()
}
