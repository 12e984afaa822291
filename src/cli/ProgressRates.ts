/** How fast it goes, from readings of the counters: averages in which the last seconds count most. */
import type { Reading, TopicProgress } from "../../services/Progress.ts"

/** Seconds after which what was seen counts a third. */
const ratesOver = 5
/** Files come one by one, and an end that jumps about helps nobody. */
const stepsOver = 30
/** Milliseconds without anything new after which nothing goes on. */
const restingAfterMs = 10_000
/** Milliseconds between two readings that count: of shorter ones single batches would be seen. */
const leastMs = 1000
/** Milliseconds for which a throttled answer is spoken of: requests come by twos and threes. */
const throttledForMs = 5000
/** Milliseconds of movement before anything is said of the end. */
const watchedMs = 3000

class Rate {
  readonly #over: number
  #sum = 0
  #weight = 0

  constructor(seconds: number) {
    this.#over = seconds
  }

  add(amount: number, seconds: number): void {
    const kept = Math.exp(-seconds / this.#over)
    this.#sum = this.#sum * kept + Math.max(0, amount) / seconds * (1 - kept)
    this.#weight = this.#weight * kept + (1 - kept)
  }

  get perSecond(): number {
    return this.#weight === 0 ? 0 : this.#sum / this.#weight
  }
}

/** The counts of one topic, or of all, and how they move. */
export interface Pace extends Omit<TopicProgress, "total"> {
  readonly total: number | undefined
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  /** `undefined` when there is no telling. */
  readonly secondsLeft: number | undefined
  /** Something is going on. */
  readonly moving: boolean
}

export const isDone = ({ done, total }: Pick<Pace, "done" | "total">): boolean =>
  total !== undefined && done >= total

export interface Paces {
  readonly topics: ReadonlyArray<Pace>
  /** Its total is known when those of all topics are. */
  readonly all: Pace
  /** Brokers hold it back at the moment. */
  readonly throttled: boolean
}

class Track {
  readonly #records = new Rate(ratesOver)
  readonly #bytes = new Rate(ratesOver)
  readonly #steps = new Rate(stepsOver)
  #last: TopicProgress
  #movedMs = Number.NEGATIVE_INFINITY
  #beganMs: number | undefined

  constructor(first: TopicProgress) {
    this.#last = first
  }

  add(now: TopicProgress, nowMs: number, sinceMs: number): void {
    const last = this.#last
    this.#last = now
    const seconds = (nowMs - sinceMs) / 1000
    const worked = now.done - now.earlier - (last.done - last.earlier)
    const moved = now.records !== last.records || now.bytes !== last.bytes || worked > 0
    if (moved) {
      this.#movedMs = nowMs
      this.#beganMs ??= sinceMs
    }
    if (this.#beganMs === undefined) return
    this.#records.add(now.records - last.records, seconds)
    this.#bytes.add(now.bytes - last.bytes, seconds)
    this.#steps.add(worked, seconds)
  }

  paceOf(now: TopicProgress, nowMs: number): Pace {
    const { bytes, records } = this.#last
    const moving = nowMs - this.#movedMs <= restingAfterMs ||
      now.records !== records || now.bytes !== bytes
    const watched = this.#beganMs !== undefined && nowMs - this.#beganMs >= watchedMs
    const steps = this.#steps.perSecond
    const left = now.total === null ? 0 : now.total - now.done
    return {
      ...now,
      total: now.total ?? undefined,
      moving,
      recordsPerSecond: moving ? this.#records.perSecond : 0,
      bytesPerSecond: moving ? this.#bytes.perSecond : 0,
      secondsLeft: moving && watched && left > 0 && steps > 0 ? left / steps : undefined
    }
  }
}

const together = ({ complete, topics }: Reading): TopicProgress => {
  const sum = (of: "records" | "bytes" | "done" | "earlier") =>
    topics.reduce((total, each) => total + each[of], 0)
  const isKnown = complete && topics.every(({ total }) => total !== null)
  return {
    topic: "",
    records: sum("records"),
    bytes: sum("bytes"),
    done: sum("done"),
    earlier: sum("earlier"),
    total: isKnown ? topics.reduce((all, { total }) => all + (total ?? 0), 0) : null
  }
}

/** Whether brokers throttle, from the sums of what they have. */
const makeThrottling = () => {
  let last: number | undefined
  let grewAtMs = Number.NEGATIVE_INFINITY
  return (throttledMs: number, nowMs: number): boolean => {
    if (last !== undefined && throttledMs > last) grewAtMs = nowMs
    last = throttledMs
    return nowMs - grewAtMs < throttledForMs
  }
}

/** Takes readings in the order of their times, and says how they move. */
export const makePaces = (): (reading: Reading, nowMs: number) => Paces => {
  const tracks = new Map<string, Track>()
  const throttling = makeThrottling()
  let all: Track | undefined
  let lastMs: number | undefined

  return (reading, nowMs) => {
    const sum = together(reading)
    const sinceMs = lastMs ?? nowMs
    const counts = nowMs - sinceMs >= leastMs
    const paceOf = (track: Track, now: TopicProgress): Pace => {
      if (counts) track.add(now, nowMs, sinceMs)
      return track.paceOf(now, nowMs)
    }
    const trackOf = (now: TopicProgress): Track => {
      const found = tracks.get(now.topic)
      if (found !== undefined) return found
      // It came since the last reading, with nothing done.
      const made = new Track({ ...now, records: 0, bytes: 0, done: now.earlier })
      tracks.set(now.topic, made)
      return made
    }
    all ??= new Track({ ...sum, records: 0, bytes: 0, done: sum.earlier })
    const paces = {
      topics: reading.topics.map((now) => paceOf(trackOf(now), now)),
      all: paceOf(all, sum),
      throttled: throttling(reading.throttledMs, nowMs)
    }
    if (counts || lastMs === undefined) lastMs = nowMs
    return paces
  }
}
