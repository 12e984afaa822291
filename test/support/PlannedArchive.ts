/** Topics that are in an archive of many small files, planned, with empty targets to restore into. */
import { Effect } from "effect"
import { Truth } from "../../dev/truth/Truth.ts"
import { archivedFiles } from "./ArchiveWitness.ts"
import type { Workplace } from "./CommandLine.ts"
import { NotSeen } from "./CommandLine.ts"
import { askForFlush, flushServer } from "./FlushClient.ts"
import { unique } from "./SharedStack.ts"
import { noise, noiseBytes, someTopics } from "./SteadyProducer.ts"

export interface ArchiveRequest {
  /** Of each topic. */
  readonly partitions: ReadonlyArray<number>
  /** Archive files of each partition, about: what is produced late comes into the next. */
  readonly rounds: number
  readonly planPartitions: number
  /** Of each record; default `noiseBytes`. */
  readonly valueBytes?: number
}

const succeeds = (place: Workplace, args: ReadonlyArray<string>) =>
  Effect.filterOrFail(
    place.finish(args),
    ({ code }) => code === 0,
    ({ stderr }) => new NotSeen({ message: `${args[0]} failed: ${stderr}` })
  )

/** Else a request that gets lost in a busy broker costs two minutes. */
const quickToGiveUp = {
  "delivery.timeout.ms": "20000",
  "request.timeout.ms": "10000"
}

/** Two records: each file makes many batches, so that who is killed is most likely inside of one. */
const batchBytes = (valueBytes: number): string => String(3 * valueBytes + 100)

const targetPrefix = "restored."

export const plannedArchive = Effect.fnUntraced(function*(
  place: Workplace,
  { partitions, planPartitions, rounds, valueBytes = noiseBytes }: ArchiveRequest
) {
  const truth = yield* Truth
  const { names, regex, topics } = yield* someTopics("planned", partitions)
  const planTopic = unique("plan")
  const backup = ["topics-backup", "-topics-regex", regex, "-group-id", unique("backup")]
  const running = yield* place.run([
    ...backup,
    ...flushServer,
    "-partition-idle-threshold",
    "100ms",
    "-working-dir",
    place.file("planned")
  ])
  const flush = askForFlush(running)
  for (let round = 0; round < rounds; round++) {
    yield* Effect.retry(truth.produce(noise(topics, 20, round, valueBytes), quickToGiveUp), {
      times: 3
    })
    yield* Effect.sleep("50 millis")
    yield* flush
  }
  const ends = yield* truth.offsets(names)
  const records = ends.reduce((sum, { stable }) => sum + stable, 0)
  const buffered = running.metric("kafka_data_keep_buffered_records_total")
  yield* running.until(
    `${records} records are not buffered`,
    Effect.map(buffered, (count) => count === records)
  )
  yield* flush
  yield* running.stop("SIGTERM")
  const files = yield* archivedFiles(place.prefix)
  const targets = topics.map(({ topic, ...rest }) => (
    {
      ...rest,
      topic: `${targetPrefix}${topic}`,
      configs: { "max.message.bytes": batchBytes(valueBytes) }
    }
  ))
  yield* truth.createTopics(targets)
  const plan = [
    "topics-plan-restore",
    "-restore-topics-regex",
    regex,
    "-plan-topic",
    planTopic,
    "-plan-topic-partitions",
    String(planPartitions)
  ]
  yield* succeeds(place, [...plan, "--once"])
  return {
    names,
    planTopic,
    files: files.length,
    targets: targets.map(({ topic }) => topic),
    targetPrefix,
    /** The command line of a planner that goes on for ever. */
    plan,
    /** The command line of a restore that goes on for ever. */
    restore: [
      "topics-restore",
      "-plan-topic",
      planTopic,
      "-restore-topic-prefix",
      targetPrefix
    ]
  }
})

export type PlannedArchive = Effect.Effect.Success<ReturnType<typeof plannedArchive>>
