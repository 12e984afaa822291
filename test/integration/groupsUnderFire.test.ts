/** Backup and restore of groups while they are killed, or their servers are, on a stack of its own. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Stack, StackLayer } from "../../dev/stack/Stack.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { BundleLayer, NotSeen, workplace } from "../support/CommandLine.ts"
import { readReport } from "../support/GroupsReportRead.ts"
import { manyGroupsOnRestored } from "../support/ManyGroups.ts"
import { range } from "../support/records/Shapes.ts"
import { unique } from "../support/SharedStack.ts"
import { watchSnapshots } from "../support/SnapshotWatch.ts"

const Live = Layer.mergeAll(TruthLayer, BundleLayer("groups-under-fire")).pipe(
  Layer.provideMerge(StackLayer())
)

const request = { groups: 300, partitions: 20, positions: 4 }
const positionCount = request.groups * request.positions

/** Who comes too late for the middle tries again, with groups of other names. */
const tries = 8

/** The restore has settled what it can, this time. */
const passed = "consumer groups looked at"
/** The backup could do nothing, this time. */
const failedRun = "no snapshot could be taken or stored this time"

const manyToRestore = Effect.gen(function*() {
  const truth = yield* Truth
  const place = yield* workplace
  const many = yield* manyGroupsOnRestored(request)
  const command = (prefix: string) => [
    "consumer-groups-restore",
    "-s3-location",
    many.location,
    "-restore-topics-prefix",
    many.topicsPrefix,
    "-restore-groups-prefix",
    prefix,
    "-output",
    "json"
  ]
  /** Kafka's own client sees that the first group is committed. */
  const begun = (prefix: string) =>
    Effect.repeat(truth.groupOffsets(`${prefix}${many.wanted[0]?.group}`), {
      until: (positions) => positions.length > 0
    }).pipe(Effect.timeoutFail({
      duration: "90 seconds",
      onTimeout: () => new NotSeen({ message: "no group is committed" })
    }))
  /** Each group has all of its positions, and the right ones, or none. */
  const committed = (prefix: string) =>
    Effect.map(many.found(prefix), (found) => {
      const names = new Set(
        found.filter(({ places }) => places.length > 0).map(({ group }) => group)
      )
      assert.deepStrictEqual(
        found.filter(({ group }) => names.has(group)),
        many.wanted.filter(({ group }) => names.has(group))
      )
      return names.size
    })
  const completed = (prefix: string) =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* place.finish([...command(prefix), "-once"])
      assert.strictEqual(code, 0, stderr)
      const { summary } = yield* readReport(stdout)
      assert.deepInclude(summary, { positions: positionCount, failed: 0 })
      assert.strictEqual(yield* committed(prefix), request.groups)
      return summary
    })
  return { begun, command, committed, completed, place }
})

/** Strikes until it was in the middle of the commits; `late`: the program was through already. */
const strikeMidway = <A, E, R>(strike: Effect.Effect<A | "late", E, R>) =>
  Effect.repeat(strike, { times: tries, until: (struck) => struck !== "late" })

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })(
  "consumer groups under fire",
  (it) => {
    it.scoped(
      "come to the same positions when the restore is killed and started again",
      () =>
        Effect.gen(function*() {
          const { begun, command, committed, completed, place } = yield* manyToRestore
          const struck = yield* strikeMidway(Effect.gen(function*() {
            const prefix = `${unique("killed")}.`
            const restore = yield* place.run(command(prefix))
            yield* begun(prefix)
            yield* restore.stop("SIGKILL")
            const before = yield* committed(prefix)
            return before < request.groups ? { prefix, before } : "late" as const
          }))
          if (struck === "late") return assert.fail("it was never killed in the middle")
          assert.isAbove(struck.before, 0)
          const { skipped } = yield* completed(struck.prefix)
          assert.isAtLeast(skipped, struck.before * request.positions)
          assert.isBelow(skipped, positionCount)
        }),
      180_000
    )

    it.scoped(
      "are all named when the broker dies, and restored when it is back",
      () =>
        Effect.gen(function*() {
          const stack = yield* Stack
          const { begun, command, committed, completed, place } = yield* manyToRestore
          const strike = (flags: ReadonlyArray<string>) =>
            strikeMidway(Effect.gen(function*() {
              const prefix = `${unique("bereft")}.`
              const restore = yield* place.run([...command(prefix), ...flags])
              yield* begun(prefix)
              yield* stack.killKafka
              if (!restore.log().some(({ msg }) => msg === passed)) return { prefix, restore }
              yield* stack.startKafka
              return "late" as const
            }))

          const once = yield* strike(["-once"])
          if (once === "late") return assert.fail("the broker was never killed in the middle")
          const { code, stderr, stdout } = yield* once.restore.finished
          const { positions, summary } = yield* readReport(stdout)
          assert.strictEqual(code, 1, stderr)
          assert.match(stderr, /\d+ of 1200 positions have no place in the target/)
          assert.isAbove(summary.failed, 0)
          assert.deepStrictEqual(
            positions.filter(({ reason, status }) => status === "failed" && reason === ""),
            []
          )
          const names = new Set(positions.map(({ group, partition }) => `${group} ${partition}`))
          assert.deepStrictEqual([positions.length, names.size], [positionCount, positionCount])
          yield* stack.startKafka
          const settled = positionCount - summary.failed
          assert.isAtLeast((yield* committed(once.prefix)) * request.positions, settled)
          yield* completed(once.prefix)

          const patient = yield* strike(["-loop-interval", "1s"])
          if (patient === "late") return assert.fail("the broker was never killed in the middle")
          yield* stack.startKafka
          yield* patient.restore.said("all positions are settled")
          const stopped = yield* patient.restore.stop("SIGTERM")
          assert.strictEqual(stopped.code, 0, stopped.stderr)
          const report = yield* readReport(stopped.stdout)
          assert.deepInclude(report.summary, { positions: positionCount, failed: 0 })
          assert.strictEqual(yield* committed(patient.prefix), request.groups)
        }),
      280_000
    )

    it.scoped(
      "are in each snapshot whatever goes away, and in a new one when it is back",
      () =>
        Effect.gen(function*() {
          const stack = yield* Stack
          const truth = yield* Truth
          const place = yield* workplace
          const topic = unique("alive")
          yield* truth.createTopics([{ topic, partitions: 2 }])
          yield* truth.produce([0, 1].map((partition) => ({ topic, partition, value: "00" })))
          const groups = range(40).map((at) => `${topic}-${at}`)
          const commit = (offset: number) =>
            Effect.forEach(
              groups,
              (group) =>
                truth.commitGroup(group, [0, 1].map((partition) => ({ topic, partition, offset }))),
              { concurrency: 4, discard: true }
            )
          yield* commit(1)
          const location = `${topic}.avro`
          const backup = yield* place.run([
            "consumer-groups-backup",
            "-s3-location",
            location,
            "-run-interval",
            "500ms",
            "-history-interval",
            "1s"
          ])
          yield* backup.said("snapshot stored")
          const watch = yield* watchSnapshots(location, groups, 2)
          const failures = () => backup.log().filter(({ msg }) => msg === failedRun).length
          const failsAgain = Effect.suspend(() => {
            const before = failures()
            return backup.until(
              "nobody says that something is away",
              Effect.sync(() => failures() > before)
            )
          })
          /** What is committed now gets into the object, and into a complete snapshot. */
          const goesOn = (offset: number) =>
            Effect.zipRight(
              commit(offset),
              backup.until(`offset ${offset} is not stored`, watch.hold(offset))
            )

          yield* goesOn(2)
          yield* stack.pauseKafka
          yield* Effect.sleep("3 seconds")
          yield* stack.resumeKafka
          yield* goesOn(3)
          yield* stack.stopKafka
          yield* failsAgain
          yield* stack.startKafka
          yield* goesOn(4)
          yield* stack.stopS3
          yield* failsAgain
          yield* stack.startS3
          yield* goesOn(5)

          assert.deepStrictEqual(yield* watch.lacking, [])
          const { code, stderr } = yield* backup.stop("SIGTERM")
          assert.strictEqual(code, 0, stderr)
          assert.notInclude(stderr, "\"level\":\"ERROR\"")
        }),
      240_000
    )
  }
)
