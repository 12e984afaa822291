/** The topics that are backed up, those that they are restored to, and how they grow. */
import { Effect, Schedule } from "effect"
import { Truth } from "../truth/Truth.ts"

export const targetPrefix = "restored."
export const planTopic = "plan"
/** The plan of the topics that came later: a plan is for the topics that it began with. */
export const latePlanTopic = "plan-late"
export const planPartitions = 4

/** Matches the topics that are there from the beginning, and those that come later. */
export const firstTopics = "^faults-\\d+$"
export const lateTopics = "^late-\\d+$"

const mostPartitions = 8
const mostLateTopics = 3

export interface GrowingTopic {
  readonly topic: string
  partitions: number
  /** Whether it takes records of a megabyte. */
  readonly large: boolean
}

/** An administrator's request may have been done although its answer got lost. */
const untilDone = Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(60))

/**
 * A few records: a file makes many batches, so that whoever is killed or frozen is most likely in
 * the middle of one.
 */
const smallBatches = { "max.message.bytes": "3000" }

const create = (
  topic: string,
  partitions: number,
  configs: Readonly<Record<string, string>> = {}
) =>
  Effect.flatMap(Truth, (truth) =>
    truth.createTopics([{ topic, partitions, configs }]).pipe(
      Effect.catchAll((error) => Effect.orElseFail(truth.describeTopics([topic]), () => error)),
      Effect.retry(untilDone)
    ))

const widen = (topic: string, partitions: number) =>
  Effect.flatMap(Truth, (truth) =>
    truth.describeTopics([topic]).pipe(
      Effect.flatMap((found) =>
        found.every((each) => each.partitions >= partitions)
          ? Effect.void
          : truth.addPartitions(topic, partitions)
      ),
      Effect.retry(untilDone)
    ))

/** Creates the first topics, their targets and the plan topics. */
export const makeTopics = Effect.gen(function*() {
  const context = yield* Effect.context<Truth>()
  const first: readonly [GrowingTopic, ...ReadonlyArray<GrowingTopic>] = [
    { topic: "faults-0", partitions: 4, large: true },
    { topic: "faults-1", partitions: 3, large: false },
    { topic: "faults-2", partitions: 2, large: false }
  ]
  const late: Array<GrowingTopic> = []
  const both = ({ large, partitions, topic }: GrowingTopic) =>
    Effect.zipRight(
      create(`${targetPrefix}${topic}`, partitions, large ? {} : smallBatches),
      create(topic, partitions)
    )
  yield* Effect.forEach(first, both)
  yield* create(planTopic, planPartitions)
  yield* create(latePlanTopic, planPartitions)
  const turn = yield* Effect.makeSemaphore(1)
  return {
    first,
    late,
    all: () => [...first, ...late],
    /** One partition more in the target, then in the topic; false when it has enough. */
    addPartition: (index: number) =>
      turn.withPermits(1)(Effect.gen(function*() {
        const topic = first[index % first.length] ?? first[0]
        if (topic.partitions >= mostPartitions) return false
        yield* widen(`${targetPrefix}${topic.topic}`, topic.partitions + 1)
        yield* widen(topic.topic, topic.partitions + 1)
        topic.partitions++
        return true
      })).pipe(Effect.provide(context)),
    /** One topic more; false when there are enough. */
    addTopic: turn.withPermits(1)(Effect.gen(function*() {
      if (late.length >= mostLateTopics) return false
      const topic = { topic: `late-${late.length}`, partitions: 2, large: false }
      yield* both(topic)
      late.push(topic)
      return true
    })).pipe(Effect.provide(context))
  }
})

export type Topics = Effect.Effect.Success<typeof makeTopics>
