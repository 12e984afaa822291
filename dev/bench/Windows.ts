/** How evenly something grows, seen from outside. */

export interface Reading {
  readonly seconds: number
  /** So much until then. */
  readonly amount: number
}

/**
 * The rate in each window of at least so many seconds, one from each reading on, once the first
 * window is over and as long as it grew.
 */
export const windowRates = (
  readings: ReadonlyArray<Reading>,
  seconds: number
): ReadonlyArray<number> => {
  const last = readings.at(-1)?.amount ?? 0
  const moving = readings.filter(({ amount }) => amount > 0 && amount < last)
  const warmAt = (moving[0]?.seconds ?? 0) + seconds
  return moving.filter((from) => from.seconds >= warmAt).flatMap((from) => {
    const until = moving.find((to) => to.seconds >= from.seconds + seconds)
    return until === undefined
      ? []
      : [(until.amount - from.amount) / (until.seconds - from.seconds)]
  })
}
