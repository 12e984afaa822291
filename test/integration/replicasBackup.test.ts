/** Several backups of one group on real servers: they come, go and die, and the archive is whole. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archiveDifferences } from "../support/ArchiveWitness.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import {
  conflicts,
  expireSession,
  handoversOf,
  ownerships,
  sharesAre
} from "../support/GroupWatch.ts"
import { RealKafka } from "../support/RealKafka.ts"
import { SharedStack } from "../support/SharedStack.ts"
import { someTopics, steadyProducer } from "../support/SteadyProducer.ts"

const Live = Layer.mergeAll(TruthLayer, RealKafka, BundleLayer("replicas-backup")).pipe(
  Layer.provideMerge(SharedStack)
)

const args = (place: Workplace, name: string, regex: string) => [
  "topics-backup",
  "-topics-regex",
  regex,
  "-min-file-size",
  "20000",
  "-max-file-age",
  "2s",
  "-working-dir",
  place.file(name)
]

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("replicas of the backup", (it) => {
  it.scoped(
    "share the partitions; one comes, one goes, one is killed, and nothing is missing",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { names, partitionCount, regex, topics } = yield* someTopics("shared", [6, 4, 2])
        const producer = yield* steadyProducer(topics)
        assert.strictEqual(partitionCount, 12)

        const one = yield* place.run(args(place, "one", regex))
        yield* sharesAre([[one, 12]])
        const two = yield* place.run(args(place, "two", regex))
        yield* sharesAre([[one, 6], [two, 6]])
        const three = yield* place.run(args(place, "three", regex))
        yield* sharesAre([[one, 4], [two, 4], [three, 4]])
        yield* three.said("archive file uploaded")

        assert.strictEqual((yield* two.stop("SIGTERM")).code, 0)
        yield* sharesAre([[one, 6], [three, 6]])

        yield* three.stop("SIGKILL")
        yield* expireSession(place.group, three)
        const again = yield* place.run(args(place, "three", regex))
        yield* sharesAre([[one, 6], [again, 6]])
        yield* again.said("archive file uploaded")

        assert.isAbove(yield* producer.stop, 1000)
        // One flushes when asked, one when it stops, and what is left is for a last run.
        yield* Effect.sync(() => again.child.kill("SIGUSR1"))
        yield* again.said("flushed on signal")
        assert.strictEqual((yield* again.stop("SIGTERM")).code, 0)
        assert.strictEqual((yield* one.stop("SIGINT")).code, 0)
        const last = yield* place.finish([...args(place, "one", regex), "--once"])
        assert.strictEqual(last.code, 0, last.stderr)

        const owned = [one, two, again].flatMap((member, at) =>
          ownerships(`replica ${at}`, handoversOf(member))
        )
        assert.isAbove(owned.length, 24)
        assert.deepStrictEqual(conflicts(owned), [])
        assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
        const more = yield* place.finish([...args(place, "new", regex), "--once"])
        assert.include(more.stderr, "\"msg\":\"the backup is complete\",\"bytes\":0,\"files\":0")
      }),
    180_000
  )
})
