/** A hundred groups are put where they stood, as Kafka's own client finds out by reading on. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { makeRandom } from "../../dev/data/Random.ts"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { compactedTopic, headlessTopic } from "../support/records/Compacted.ts"
import {
  committed,
  createTargets,
  live,
  makeKeeper,
  targetPrefix
} from "../support/records/Keeper.ts"
import { produceShape } from "../support/records/RoundTrip.ts"
import { compressed, hex, mixed, range, transactions } from "../support/records/Shapes.ts"
import { unique } from "../support/SharedStack.ts"
import { placesIn, restoredPosition, sourceOffsetOf } from "../support/TruePositions.ts"

const groupCount = 100

const topicsOfEveryKind = Effect.all([
  Effect.suspend(() => produceShape(transactions())),
  Effect.suspend(() => produceShape(mixed())),
  Effect.suspend(() => produceShape(compressed())),
  compactedTopic,
  headlessTopic
], { concurrency: 3 })

const keyOf = (record: TrueRecord) => `${record.partition}@${sourceOffsetOf(record) ?? "new"}`

layer(live("groups-exact"), { excludeTestServices: true, timeout: "5 minutes" })(
  "positions of consumer groups",
  (it) => {
    it.scoped(
      "are translated exactly, and every group reads on where it stopped",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const keeper = yield* makeKeeper()
          const topics = yield* topicsOfEveryKind
          const names = topics.map(({ topic }) => topic)
          const source = yield* committed(names)
          const ends = yield* truth.offsets(names)
          const random = makeRandom(100)
          const family = unique("family")
          const groups = range(groupCount).map((at) => {
            const topic = names[at % names.length] ?? ""
            const positions = ends.filter((end) => end.topic === topic).map((end) => {
              const inPartition = source.filter((record) =>
                record.topic === topic && record.partition === end.partition
              )
              const metadata = random.integer(2) === 0 ? "" : `metadata of ${at}`
              const leaderEpoch = random.integer(2) === 0 ? -1 : 0
              return {
                ...end,
                offset: random.pick(placesIn(random, inPartition, end)),
                metadata,
                leaderEpoch
              }
            })
            return { group: `${family}-${at}`, topic, positions }
          })
          yield* Effect.forEach(
            groups,
            ({ group, positions }) => truth.commitGroup(group, positions),
            { concurrency: 8, discard: true }
          )

          const location = `groups/${family}.avro`
          yield* keeper.backup(names, { "min-file-size": 1 })
          yield* keeper.run("consumer-groups-backup", { "s3-location": location })
          yield* createTargets(topics)
          const planTopic = unique("plan")
          yield* keeper.plan(planTopic, names)
          yield* keeper.restore(planTopic)
          // The shop is open again before the groups are back: what is new must not be passed over.
          const busy = `${targetPrefix}${names[1]}`
          yield* truth.produce(
            [0, 1].map((partition) => ({ topic: busy, partition, value: hex("new") }))
          )
          const targets = names.map((name) => `${targetPrefix}${name}`)
          const restored = yield* committed(targets)
          const targetOffsets = yield* truth.offsets(targets)
          const answer = yield* keeper.run("consumer-groups-restore", {
            "s3-location": location,
            "include-groups-regexes": `^${family}-`,
            "restore-groups-prefix": "back.",
            "restore-topics-prefix": targetPrefix,
            "plan-topic": planTopic,
            "plan-group-id": `${keeper.prefix}-restore`,
            output: "json"
          })
          const told: { readonly positions: ReadonlyArray<{ readonly status: string }> } = JSON
            .parse(
              answer.stdout
            )
          const positionCount = groups.reduce((sum, { positions }) => sum + positions.length, 0)
          const emptied = ends.filter(({ earliest, latest }) => earliest === latest)
          assert.deepStrictEqual(
            told.positions.map(({ status }) => status).filter((status) => status !== "exact"),
            []
          )

          let compared = 0
          yield* Effect.forEach(groups, ({ group, positions, topic }) =>
            Effect.gen(function*() {
              const target = `${targetPrefix}${topic}`
              const back = yield* truth.groupOffsets(`back.${group}`)
              const hasData = positions.filter(({ partition }) =>
                !emptied.some((end) => end.topic === topic && end.partition === partition)
              )
              const wanted = hasData.map(({ metadata, offset, partition }) => {
                const records = restored.filter((record) =>
                  record.topic === target && record.partition === partition
                )
                const log = targetOffsets.find((each) =>
                  each.topic === target && each.partition === partition
                )
                return {
                  topic: target,
                  partition,
                  offset: restoredPosition(records, log, offset),
                  metadata
                }
              })
              const found = back.map(({ metadata, offset, partition, topic }) => (
                { topic, partition, offset, metadata }
              ))
                .toSorted((one, other) => one.partition - other.partition)
              assert.deepStrictEqual(found, wanted)
              compared += found.length

              const rest = yield* truth.continueGroup(`back.${group}`, [target], {
                config: { "auto.offset.reset": "earliest" }
              })
              const unprocessed = source.filter((record) =>
                record.topic === topic &&
                record.offset >= (positions[record.partition]?.offset ?? 0)
              )
              const news = topic === names[1] ? ["0@new", "1@new"] : []
              assert.deepStrictEqual(
                rest.map(keyOf).toSorted(),
                [...unprocessed.map(({ offset, partition }) => `${partition}@${offset}`), ...news]
                  .toSorted()
              )
            }), { concurrency: 4, discard: true })
          assert.strictEqual(told.positions.length, compared)
          assert.isAbove(compared, positionCount / 2)
        }),
      240_000
    )
  }
)
