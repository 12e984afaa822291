/** One number of partitions: catch up with what is there, rest, then keep up with a little load. */
import { Clock, Effect } from "effect"
import { freePort } from "../../stack/Ports.ts"
import { Truth } from "../../truth/Truth.ts"
import { launch, stop } from "../Launch.ts"
import type { Measurement } from "../Measure.ts"
import { measured } from "../Measure.ts"
import { runMetrics } from "../Metrics.ts"
import { fewRuns } from "../Options.ts"
import type { Bench } from "../Part.ts"
import type { Payload } from "../Payload.ts"
import * as Programs from "../Programs.ts"
import { planFor } from "../Rounds.ts"
import { spread } from "../Spread.ts"
import type { Sample } from "../Watch.ts"
import { coreShare, highest, watch } from "../Watch.ts"
import { progress } from "../Workplace.ts"

export interface PartitionsLoad {
  readonly partitions: number
  /** Of the catch-up. */
  readonly records: number
  readonly payload: Payload
  /** Whether to look at it idle and under a little load, too. */
  readonly resting: boolean
  /** Of each look. */
  readonly seconds: number
}

export interface Rest {
  /** Share of one core. */
  readonly core: number
  /** Highest resident memory of the time, bytes. */
  readonly memory: number
  readonly samples: ReadonlyArray<Sample>
}

export interface PartitionsRun {
  readonly partitions: number
  /** Of the records caught up with. */
  readonly bytes: number
  /** Each by a new group, with `--once`: till all are in an archive of its own. */
  readonly catchUps: ReadonlyArray<Measurement>
  /** Seconds till a running backup of a new group had fetched all of them, each. */
  readonly caughtUp: ReadonlyArray<number>
  readonly idle: (Rest & { readonly openedSeconds: number }) | undefined
  readonly steady: (Rest & { readonly behindSeconds: number }) | undefined
}

const perTopic = 10

/** Topics are created so many at a time. */
const portion = 50

const restOf = (samples: ReadonlyArray<Sample>): Rest => ({
  core: coreShare(samples),
  memory: highest(samples, "memory"),
  samples
})

/** Seconds without a change after which nothing more is to come, and the most to wait for that. */
const quiet = 3
const longestWait = 120

/** Seconds from now till all partitions are open, at most as many as to wait for the end of load. */
const openedAfter = (metricsPort: number, partitions: number) =>
  Effect.gen(function*() {
    const startMs = yield* Clock.currentTimeMillis
    const seconds = Effect.map(Clock.currentTimeMillis, (now) => (now - startMs) / 1000)
    let now = 0
    for (; now < longestWait; now = yield* seconds) {
      const open = (yield* runMetrics(metricsPort))("backup_partitions")
      if (open >= partitions) break
      yield* Effect.sleep("250 millis")
    }
    return now
  })

/** Seconds from now to the last increase of what has been fetched. */
const fetchingGoesOn = (metricsPort: number) =>
  Effect.gen(function*() {
    const startMs = yield* Clock.currentTimeMillis
    const seconds = Effect.map(Clock.currentTimeMillis, (now) => (now - startMs) / 1000)
    let last = { bytes: 0, at: 0 }
    for (let now = 0; now - last.at < quiet && now < longestWait; now = yield* seconds) {
      const bytes = (yield* runMetrics(metricsPort))("fetched_bytes_total")
      // The first look only says where it stands.
      if (bytes !== last.bytes) last = { bytes, at: last.bytes === 0 ? 0 : now }
      yield* Effect.sleep("100 millis")
    }
    return last.at
  })

/** Seconds from the start of a backup that goes on till it has fetched all there is. */
const untilCaughtUp = (
  plan: Programs.RunPlan,
  partitions: number,
  backupChoice: Programs.BackupChoice
) =>
  Effect.gen(function*() {
    const metricsPort = yield* freePort
    yield* progress(`${partitions} partitions: catch up, and go on`)
    const choice = { ...backupChoice, endless: true, metricsPort }
    const backup = yield* launch(Programs.topicsBackup(plan, choice))
    const openedSeconds = yield* openedAfter(metricsPort, partitions)
    const seconds = openedSeconds + (yield* fetchingGoesOn(metricsPort))
    yield* stop(backup)
    return seconds
  }).pipe(Effect.scoped)

const atRest = (
  plan: Programs.RunPlan,
  load: PartitionsLoad,
  topics: number,
  backupChoice: Programs.BackupChoice
) =>
  Effect.gen(function*() {
    const { partitions, seconds } = load
    const metricsPort = yield* freePort
    const backup = yield* launch(
      Programs.topicsBackup(plan, { ...backupChoice, endless: true, metricsPort })
    )
    const openedSeconds = yield* openedAfter(metricsPort, partitions)
    // What comes with the opening: the first answers, the first commit.
    yield* watch(backup, 5)
    yield* progress(`${partitions} partitions: idle`)
    const idle = yield* watch(backup, seconds)
    yield* progress(`${partitions} partitions: a record/s on each`)
    const producer = yield* launch(spread(plan, {
      topics,
      partitionsPerTopic: partitions / topics,
      records: partitions * seconds * 2,
      perSecond: partitions
    }))
    // The first quarter is start-up, of the producer too.
    yield* watch(backup, seconds / 2)
    const steady = yield* watch(backup, seconds)
    yield* producer.done
    const behindSeconds = yield* fetchingGoesOn(metricsPort)
    yield* stop(backup)
    return {
      idle: { ...restOf(idle), openedSeconds },
      steady: { ...restOf(steady), behindSeconds }
    }
  }).pipe(Effect.scoped)

export const runPartitions = (load: PartitionsLoad, bench: Bench) =>
  Effect.gen(function*() {
    const { partitions, payload, records, resting } = load
    const truth = yield* Truth
    const plan = yield* planFor(`many-${partitions}`, records, payload, bench)
    const topics = Math.ceil(partitions / perTopic)
    const partitionsPerTopic = partitions / topics
    const names = Array.from({ length: topics }, (_, at) => `${plan.topic}-${at}`)
    for (let at = 0; at < topics; at += portion) {
      yield* truth.createTopics(
        names.slice(at, at + portion).map((topic) => ({ topic, partitions: partitionsPerTopic }))
      )
    }
    yield* measured(spread(plan, { topics, partitionsPerTopic, records }))
    const choice = (round: number | string) => ({
      topics: `^${plan.topic}-`,
      prefix: `${plan.topic}-${round}`
    })
    const rounds = Array.from({ length: fewRuns(bench) }, (_, at) => at + 1)
    const catchUps = yield* Effect.forEach(
      rounds,
      (round) => measured(Programs.topicsBackup(plan, choice(round)))
    )
    const caughtUp = yield* Effect.forEach(
      rounds,
      (round) => untilCaughtUp(plan, partitions, choice(`running-${round}`))
    )
    const rest = resting ? yield* atRest(plan, load, topics, choice(1)) : undefined
    const run: PartitionsRun = {
      partitions,
      bytes: records * payload.recordBytes,
      catchUps,
      caughtUp,
      idle: rest?.idle,
      steady: rest?.steady
    }
    return run
  })
