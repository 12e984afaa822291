/** Several restores that share a plan on real servers: they come and die, and nothing is doubled. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { compareRestored } from "../../dev/truth/Compare.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import type { Command } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { expireSession, share, sharesAre } from "../support/GroupWatch.ts"
import { plannedArchive } from "../support/PlannedArchive.ts"
import { RealKafka } from "../support/RealKafka.ts"
import { SharedStack } from "../support/SharedStack.ts"

const Live = Layer.mergeAll(TruthLayer, RealKafka, BundleLayer("replicas-restore")).pipe(
  Layer.provideMerge(SharedStack)
)

const restoredFiles = ({ log }: Command): number =>
  log().filter(({ msg }) => msg === "archive file restored").length

const isAtWork = (replica: Command) =>
  replica.until("it restores nothing", Effect.sync(() => restoredFiles(replica) > 3))

const allIsBack = (replica: Command) => replica.said("everything planned so far is restored")

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })(
  "replicas of the restore",
  (it) => {
    it.scoped(
      "share the plan; one is killed in the middle, one comes, and each record is there once",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const place = yield* workplace
          const plan = yield* plannedArchive(place, {
            partitions: [6, 4, 2],
            rounds: 25,
            planPartitions: 3
          })
          const [one, two] = yield* Effect.all([
            place.run([...plan.restore, "-consume-delay", "8s"]),
            place.run([...plan.restore, "-consume-delay", "8s"])
          ], { concurrency: 2 })
          // Both of them have a share when they begin.
          yield* isAtWork(one)
          yield* isAtWork(two)
          yield* two.stop("SIGKILL")
          assert.isBelow(restoredFiles(one) + restoredFiles(two), plan.files)
          const three = yield* place.run(plan.restore)
          yield* expireSession(place.group, two)
          yield* one.until(
            "the newcomer gets no share",
            Effect.sync(() => share(three) > 0 && share(one) + share(three) === 3)
          )
          yield* allIsBack(one)
          for (const replica of [one, three]) {
            assert.strictEqual((yield* replica.stop("SIGTERM")).code, 0)
          }
          // How much each of them got to do depends on the machine: one more takes up the rest.
          const rest = yield* place.finish([...plan.restore, "--once"])
          assert.strictEqual(rest.code, 0, rest.stderr)

          const source = yield* truth.consume(plan.names)
          const target = yield* truth.consume(plan.targets)
          assert.isAbove(source.length, 1000)
          assert.deepStrictEqual(
            compareRestored(source, target, plan.targetPrefix).slice(0, 20),
            []
          )
          const again = yield* place.finish([...plan.restore, "--once"])
          assert.strictEqual(again.code, 0, again.stderr)
          assert.deepStrictEqual(yield* truth.consume(plan.targets), target)
        }),
      180_000
    )

    it.scoped(
      "three of them take a plan partition each, and hand over when one stops",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const place = yield* workplace
          const plan = yield* plannedArchive(place, {
            partitions: [3],
            rounds: 4,
            planPartitions: 3
          })
          const replicas = yield* Effect.all([
            place.run(plan.restore),
            place.run(plan.restore),
            place.run(plan.restore)
          ], { concurrency: 3 })
          const [one, two, three] = replicas
          yield* sharesAre([[one, 1], [two, 1], [three, 1]])
          yield* Effect.forEach(replicas, allIsBack, { concurrency: 3 })
          assert.strictEqual((yield* two.stop("SIGTERM")).code, 0)
          yield* one.until(
            "not all",
            Effect.sync(() => share(one) + share(three) === 3)
          )

          const source = yield* truth.consume(plan.names)
          const target = yield* truth.consume(plan.targets)
          assert.deepStrictEqual(
            compareRestored(source, target, plan.targetPrefix).slice(0, 20),
            []
          )
        }),
      180_000
    )
  }
)
