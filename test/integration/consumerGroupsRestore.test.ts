/** Snapshots of groups are restored by the built program, the original's and ours. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { refused } from "../support/BadInput.ts"
import { BundleLayer, NotSeen, workplace } from "../support/CommandLine.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { fixtureBytes, fixtureKeys } from "../support/Fixtures.ts"
import { fixtureGroups, groupFixtureBytes } from "../support/GroupFixtures.ts"
import { readReport } from "../support/GroupsReportRead.ts"
import { putIntoBucket } from "../support/records/ArchiveView.ts"
import { committed } from "../support/records/Keeper.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"
import { restoredPosition } from "../support/TruePositions.ts"

const Live = Layer.provideMerge(
  Layer.merge(TruthLayer, BundleLayer("consumer-groups-restore")),
  SharedStack
)

const succeeds = (place: Workplace, args: ReadonlyArray<string>) =>
  Effect.filterOrFail(
    place.finish(args),
    ({ code }) => code === 0,
    ({ stderr }) => new NotSeen({ message: `${args[0]} failed: ${stderr}` })
  )

/** The original's archive, restored under a prefix of its own. */
const restoredFixture = (place: Workplace) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const prefix = `${unique("fixture")}.`
    const planTopic = unique("plan")
    yield* putIntoBucket(
      fixtureKeys.map((key) => ({ key: `${place.prefix}/${key}`, bytes: fixtureBytes(key) }))
    )
    yield* truth.createTopics([{ topic: `${prefix}orders.v1`, partitions: 3 }])
    const plan = ["-plan-topic", planTopic, "-once"]
    yield* succeeds(place, ["topics-plan-restore", ...plan, "-plan-topic-partitions", "1"])
    yield* succeeds(place, ["topics-restore", ...plan, "-restore-topic-prefix", prefix])
    return prefix
  })

const errorLines = (stderr: string) =>
  stderr.split("\n").filter((line) => line.includes("\"level\":\"ERROR\""))

layer(Live, { excludeTestServices: true, timeout: "4 minutes" })(
  "consumer-groups-restore",
  (it) => {
    it.scoped(
      "puts the groups of the original's snapshot where they belong",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const place = yield* workplace
          const location = `${unique("groups")}.avro`
          yield* putIntoBucket([{ key: location, bytes: groupFixtureBytes() }])
          const prefix = yield* restoredFixture(place)
          const back = `${unique("back")}.`
          const args = [
            "consumer-groups-restore",
            "-s3-location",
            location,
            "-restore-topics-prefix",
            prefix,
            "-restore-groups-prefix",
            back,
            "-once",
            "-output",
            "json"
          ]
          const target = `${prefix}orders.v1`
          const records = yield* committed([target])
          const logs = yield* truth.offsets([target])
          const wanted = fixtureGroups.flatMap(({ groupId, topics }) =>
            topics.filter(({ topic }) => topic === "orders.v1").flatMap(({ partitions }) =>
              partitions.map(({ metadata, offset, partition }) => ({
                group: `${back}${groupId}`,
                partition,
                offset: restoredPosition(
                  records.filter((record) => record.partition === partition),
                  logs.find((log) => log.partition === partition),
                  Number(offset)
                ),
                metadata: metadata ?? ""
              }))
            )
          )
          assert.isAbove(wanted.length, 8)
          const found = Effect.forEach(
            [...new Set(wanted.map(({ group }) => group))],
            (group) =>
              Effect.map(
                truth.groupOffsets(group),
                (all) =>
                  all.map(({ metadata, offset, partition }) => (
                    { group, partition, offset, metadata }
                  ))
              )
          ).pipe(Effect.map((all) => all.flat()))

          const dry = yield* readReport((yield* succeeds(place, [...args, "-dry-run"])).stdout)
          assert.deepStrictEqual(yield* found, [])
          const first = yield* readReport((yield* succeeds(place, args)).stdout)
          assert.deepStrictEqual(first.positions, dry.positions)
          assert.deepStrictEqual([dry.dryRun, first.dryRun], [true, false])
          assert.sameDeepMembers(yield* found, wanted)
          assert.deepStrictEqual(first.snapshot, {
            key: location,
            takenAt: null,
            clusterId: null,
            complete: null
          })
          const { clamped, exact, failed, positions, skipped } = first.summary
          assert.deepStrictEqual([exact, clamped, failed], [wanted.length, 0, 0])
          assert.strictEqual(skipped, positions - exact)
          assert.isAbove(skipped, 0)

          const second = yield* readReport((yield* succeeds(place, args)).stdout)
          assert.strictEqual(second.summary.skipped, second.summary.positions)
          assert.sameDeepMembers(yield* found, wanted)
        }),
      120_000
    )

    it.scoped(
      "stays until everything is there, serves its status, and stops cleanly",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const place = yield* workplace
          const [group, topic] = [unique("readers"), unique("letters")]
          const [target, location] = [`late.${topic}`, `${unique("groups")}.avro`]
          yield* truth.createTopics([{ topic, partitions: 1 }])
          yield* truth.produce(
            ["00", "01", "02", "03"].map((value) => ({ topic, partition: 0, value }))
          )
          yield* truth.commitGroup(group, [{ topic, partition: 0, offset: 3, metadata: "here" }])
          const archive = ["-topics-regex", `^${topic}$`, "-working-dir", place.file("buffer")]
          yield* succeeds(place, ["topics-backup", ...archive, "-once"])
          const snapshot = ["-s3-location", location]
          yield* succeeds(place, ["consumer-groups-backup", ...snapshot, "-once"])

          const restore = yield* place.run([
            "consumer-groups-restore",
            ...snapshot,
            "-include-regexes",
            `^${group}$`,
            "-restore-topics-prefix",
            "late.",
            "-restore-groups-prefix",
            "late.",
            "-on-missing-topic",
            "wait",
            "-loop-interval",
            "200ms"
          ])
          yield* restore.said("position waits")
          assert.strictEqual(
            yield* restore.metric("kafka_data_keep_consumergroups_restore_status"),
            1
          )
          yield* truth.createTopics([{ topic: target, partitions: 1 }])
          const plan = ["-plan-topic", unique("plan"), "-once"]
          yield* succeeds(place, [
            "topics-plan-restore",
            ...plan,
            "-plan-topic-partitions",
            "1",
            "-restore-topics-regex",
            `^${topic}$`
          ])
          yield* succeeds(place, ["topics-restore", ...plan, "-restore-topic-prefix", "late."])
          yield* restore.said("serving metrics until stopped; -once exits here")
          const status = `consumergroups_restore_status{group="${group}",topic="${topic}"} 4`
          assert.include(yield* restore.metrics, status)
          const { code, stdout } = yield* restore.stop("SIGTERM")
          assert.strictEqual(code, 0)
          const [titles, line] = stdout.split("\n")
          assert.match(titles ?? "", /^GROUP +TOPIC +PARTITION +SOURCE +TARGET +STATUS +LAG/)
          assert.match(line ?? "", new RegExp(`^late\\.${group} +${target} +0 +3 +\\d+ +exact +1$`))
          const rest = yield* truth.continueGroup(`late.${group}`, [target])
          assert.deepStrictEqual(rest.map(({ value }) => value), ["03"])
        }),
      120_000
    )

    it.scoped(
      "says in one line what is wrong, and ends with the code for it",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const place = yield* workplace
          const location = `${unique("groups")}.avro`
          const args = ["consumer-groups-restore", "-once", "-s3-location", location]
          const unnamed = yield* place.finish(["consumer-groups-restore", "-once"])
          assert.strictEqual(unnamed.code, 2)
          assert.include(unnamed.stderr, "-s3-location [env S3_LOCATION]")
          const ends = (stderr: RegExp) =>
            Effect.map(place.finish(args), (end) => {
              assert.strictEqual(end.code, 1)
              assert.strictEqual(end.stdout, "")
              assert.strictEqual(errorLines(end.stderr).length, 1)
              assert.match(errorLines(end.stderr)[0] ?? "", stderr)
            })
          yield* ends(new RegExp(location.replaceAll(".", "\\.")))
          const whole = groupFixtureBytes()
          for (const bytes of [Buffer.alloc(0), whole.subarray(0, whole.length - 40)]) {
            yield* putIntoBucket([{ key: location, bytes }])
            yield* ends(new RegExp(location.replaceAll(".", "\\.")))
          }

          yield* putIntoBucket([{ key: location, bytes: whole }])
          const away = yield* refused(
            place,
            ["consumer-groups-restore", "-s3-location", location],
            {
              KAFKA_BROKERS: "127.0.0.1:1"
            }
          )
          assert.include(away, "Kafka cannot be reached: connect ECONNREFUSED 127.0.0.1:1; check")
          const nowhere = yield* place.finish([...args, "-restore-topics-prefix", unique("none")])
          assert.strictEqual(nowhere.code, 0)
          assert.include(nowhere.stderr, "nothing is restored: the target has none of these topics")

          const target = `${unique("empty")}.`
          yield* truth.createTopics([{ topic: `${target}orders.v1`, partitions: 3 }])
          const prefixes = ["-restore-topics-prefix", target, "-restore-groups-prefix", target]
          const failed = yield* place.finish([...args, ...prefixes, "-on-ahead", "fail"], {
            S3_PREFIX: ""
          })
          assert.strictEqual(failed.code, 1)
          assert.match(
            failed.stdout,
            / failed +- +the committed offset is ahead of what is restored/
          )
          assert.match(
            failed.stdout,
            /\d+ positions: \d+ exact, 0 clamped, \d+ skipped, \d+ failed;/
          )
          assert.strictEqual(errorLines(failed.stderr).length, 1)
          const clamped = yield* place.finish([...args, ...prefixes], { S3_PREFIX: "" })
          assert.strictEqual(clamped.code, 0)
          assert.match(clamped.stdout, / clamped +0 +the committed offset is ahead/)
          const waiting = yield* place.run(
            [...args.filter((arg) => arg !== "-once"), ...prefixes, "-on-missing-topic", "wait"],
            { S3_PREFIX: "" }
          )
          yield* waiting.said("position waits")
          const stopped = yield* waiting.stop("SIGTERM")
          assert.strictEqual(stopped.code, 0)
          assert.match(stopped.stdout, /\d+ positions: 0 exact, 0 clamped, 12 skipped, 0 failed;/)
          const last = waiting.log().find(({ msg }) => msg === "not all positions are settled")
          assert.deepInclude(last, { settled: 12, waiting: 28 })
        }),
      120_000
    )
  }
)
