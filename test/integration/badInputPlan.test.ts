/** Plan topics that hold no plan, or not the one that is asked for. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { NewRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { fileIndexHeader, planKey, topicsShaHeader } from "../../src/domain/Plan.ts"
import { refused } from "../support/BadInput.ts"
import { complete, incomplete, planned, planPosition } from "../support/BadRestores.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"
import {
  everything,
  fileKey,
  partitionsOf,
  putWhole,
  restoredRuns
} from "../support/SickArchive.ts"

const Live = Layer.provideMerge(
  Layer.merge(TruthLayer, BundleLayer("bad-input-plan")),
  SharedStack
)

const hex = (text: string): string => Buffer.from(text).toString("hex")

const plan = "topics-plan-restore"
const restore = "topics-restore"

/** Plan records of one topic, as somebody might have written them by hand. */
const records = (place: Workplace, planTopic: string, topic: string) => {
  const written = (partition: number, file: number, index: string | undefined): NewRecord => {
    const key = fileKey(place.prefix, { topic, partition }, file)
    const headers = [[topicsShaHeader, hex("0".repeat(64))]] as const
    return {
      topic: planTopic,
      partition: 0,
      key: hex(planKey(key)),
      value: hex(key),
      headers: index === undefined ? headers : [[fileIndexHeader, hex(index)], ...headers]
    }
  }
  const whole = (partition: number) =>
    [0, 1, 2].map((file) => written(partition, file, String(file + 1)))
  return { written, whole }
}

const four = (target: string, runs: ReadonlyArray<string>) =>
  Object.fromEntries(
    runs.flatMap((run, partition) => run === "" ? [] : [[`${target}-${partition}`, run]])
  )

const whole = [everything, everything, everything, everything]

/** An archive of one topic, an empty target and a plan topic of one partition. */
const prepared = Effect.gen(function*() {
  const truth = yield* Truth
  const place = yield* workplace
  const [topic, planTopic] = [unique("planned"), unique("plan")]
  const run = { planTopic, targetPrefix: "back.", group: place.group }
  const target = { topic: `back.${topic}`, partitions: 4 }
  yield* putWhole(place.prefix, partitionsOf(topic, 4))
  yield* truth.createTopics([target, { topic: planTopic, partitions: 1 }])
  return { truth, place, topic, planTopic, run, target, ...records(place, planTopic, topic) }
})

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a bad plan", (it) => {
  it.scoped(
    "with garbage in it is followed as far as it can be, and told of",
    () =>
      Effect.gen(function*() {
        const { place, planTopic, run, target, topic, truth, whole: allOf, written } =
          yield* prepared
        yield* truth.produce([
          written(0, 0, "1"),
          { topic: planTopic, partition: 0, value: hex("hello") },
          ...allOf(0).slice(1),
          written(1, 0, "1"),
          written(1, 1, undefined),
          written(1, 2, "3"),
          written(2, 0, "1"),
          written(2, 1, "seven"),
          written(2, 2, "3"),
          ...allOf(3)
        ])
        const failures = yield* incomplete(place, run)
        const remedy = "; plan into another plan topic"
        const unusable = (offset: number, problem: string) =>
          `plan record at ${planTopic}-0 offset ${offset} is unusable: ${problem}${remedy}`
        assert.deepStrictEqual([...failures].map(([name, { reason }]) => [name, reason]), [
          [
            `${target.topic}-1`,
            unusable(5, `its header ${fileIndexHeader} is missing, not a number from 1`)
          ],
          [
            `${target.topic}-2`,
            unusable(8, `its header ${fileIndexHeader} is seven, not a number from 1`)
          ],
          [
            `${planTopic}-0`,
            unusable(1, "its value is not the key of an archive file: \"hello\"")
          ]
        ])
        assert.deepStrictEqual(
          yield* restoredRuns([target.topic]),
          four(target.topic, [everything, "0-29", "0-29", everything])
        )
        assert.strictEqual(yield* planPosition(run), 1)
        const refusal = yield* refused(place, [plan, "-once", "-plan-topic", planTopic])
        assert.match(
          String(refusal),
          new RegExp(`^plan record at ${planTopic}-0 offset 0 belongs to a plan of other topics, `)
        )
        const anew = { ...run, planTopic: unique("anew") }
        yield* planned(place, anew.planTopic, `^${topic}$`)
        yield* complete(place, anew)
        assert.deepStrictEqual(yield* restoredRuns([target.topic]), four(target.topic, whole))
      }),
    120_000
  )

  it.scoped(
    "that is out of order stops the partition concerned",
    () =>
      Effect.gen(function*() {
        const { place, run, target, topic, truth, whole: allOf, written } = yield* prepared
        yield* truth.produce([
          written(0, 0, "1"),
          written(0, 2, "3"),
          written(1, 1, "2"),
          written(1, 0, "1"),
          written(2, 1, "1"),
          written(2, 0, "2"),
          ...allOf(3)
        ])
        const failures = yield* incomplete(place, run)
        const disorder = (problem: string) =>
          `the plan is out of order: ${problem}; plan into another plan topic`
        const failed = (partition: number, file: number, problem: string) => [
          `${target.topic}-${partition}`,
          {
            reason: disorder(problem),
            file: fileKey(place.prefix, { topic, partition }, file)
          }
        ]
        assert.deepStrictEqual([...failures], [
          failed(0, 2, "index 3 follows index 1"),
          failed(1, 1, "its first file for the partition has index 2, not 1"),
          failed(2, 0, "index 2 begins at source offset 0, its predecessors at 30")
        ])
        assert.deepStrictEqual(
          yield* restoredRuns([target.topic]),
          four(target.topic, ["0-29", "", "30-59", everything])
        )
        assert.strictEqual(yield* planPosition(run), 1)
        // What was restored out of order has to go.
        yield* truth.deleteTopics([target.topic])
        yield* truth.createTopics([target])
        const anew = { ...run, planTopic: unique("anew") }
        yield* planned(place, anew.planTopic, `^${topic}$`)
        yield* complete(place, anew)
        assert.deepStrictEqual(yield* restoredRuns([target.topic]), four(target.topic, whole))
      }),
    120_000
  )

  it.scoped(
    "that is missing, compacted or another one is refused",
    () =>
      Effect.gen(function*() {
        const { place, planTopic, topic, truth } = yield* prepared
        const [compacted, missing, more] = [unique("compacted"), unique("missing"), `${topic}-more`]
        yield* putWhole(place.prefix, partitionsOf(more, 1))
        yield* truth.createTopics([
          { topic: compacted, partitions: 1, configs: { "cleanup.policy": "compact" } }
        ])
        yield* planned(place, planTopic, `^${topic}$`)
        const compaction = `plan topic ${compacted} has cleanup.policy=compact: compaction loses ` +
          "planned files; use a topic with cleanup.policy=delete"
        const advice = "; use another plan topic, or ask for what this one was made for"
        const cases = [
          [plan, compacted, ".*", compaction],
          [restore, compacted, ".*", compaction],
          [
            plan,
            missing,
            ".*",
            `plan topic ${missing} does not exist: create it, or give --plan-topic-partitions N`
          ],
          [restore, missing, ".*", `plan topic ${missing} does not exist: plan the restore first`],
          [plan, planTopic, ".*", `belongs to a plan of other topics`],
          [
            plan,
            planTopic,
            `^${more}$`,
            `plan record at ${planTopic}-0 offset 0 plans topic ${topic}, which is not to be planned now${advice}`
          ]
        ] as const
        yield* Effect.forEach(cases, ([command, planned, topics, problem]) =>
          Effect.map(
            refused(place, [command, "-once", "-plan-topic", planned], {
              RESTORE_TOPICS_REGEX: topics
            }),
            (said) => assert.include(said, problem)
          ), { concurrency: 4 })
      }),
    120_000
  )
})
