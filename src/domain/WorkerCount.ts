/** How many workers share the processors of a machine. */

/** Each takes about the memory of a process: more of them are asked for by number. */
const mostByDefault = 8

/** The number asked for; for 0 one less than there are processors, at least 1 and at most 8. */
export const workerCount = (wanted: number, processors: number): number =>
  wanted > 0 ? wanted : Math.max(1, Math.min(mostByDefault, processors - 1))

/** What is meant for the whole process, for one of its workers; 0 stays 0. */
export const shareOf = (total: number, workers: number): number =>
  total === 0 ? 0 : Math.max(1, Math.floor(total / workers))
