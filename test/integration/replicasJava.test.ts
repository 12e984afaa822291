/** A Java consumer in the backup's group, on real servers: both keep to their partitions. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { javaMember } from "../../dev/truth/GroupMember.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { archivedFiles, archiveDifferences } from "../support/ArchiveWitness.ts"
import type { Workplace } from "../support/CommandLine.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import type { Handover } from "../support/GroupWatch.ts"
import { conflicts, handoversOf, ownerships, sharesAre } from "../support/GroupWatch.ts"
import { RealKafka } from "../support/RealKafka.ts"
import { SharedStack } from "../support/SharedStack.ts"
import { noise, someTopics } from "../support/SteadyProducer.ts"

const Live = Layer.mergeAll(TruthLayer, RealKafka, BundleLayer("replicas-java")).pipe(
  Layer.provideMerge(SharedStack)
)

const args = (place: Workplace, regex: string) => [
  "topics-backup",
  "-topics-regex",
  regex,
  "-max-file-age",
  "1s",
  "-working-dir",
  place.file("buffer")
]

const nameOf = ({ partition, topic }: { readonly topic: string; readonly partition: number }) =>
  `${topic}-${partition}`

type JavaMember = Effect.Effect.Success<ReturnType<typeof javaMember>>

const javaHandovers = (java: JavaMember) =>
  Effect.map(java.events, (events) =>
    events.map(({ event, partitions, time }): Handover => (
      { owned: event === "assigned", time, partitions: partitions.map(nameOf) }
    )))

const waitUntil = <E, R>(holds: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(Effect.zipLeft(holds, Effect.sleep("100 millis")), { until: (yes) => yes }).pipe(
    Effect.timeout("60 seconds")
  )

const ownsSo = (java: JavaMember, partitions: number) =>
  waitUntil(Effect.map(java.owned, (owned) => owned.length === partitions))

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })(
  "a backup in a group with a Java consumer",
  (it) => {
    for (const leader of ["the backup", "Java"] as const) {
      it.scoped(
        `where ${leader} leads: both keep to their partitions`,
        () =>
          Effect.gen(function*() {
            const truth = yield* Truth
            const place = yield* workplace
            const { names, regex, topics } = yield* someTopics("mixed", [5, 3])
            const startJava = Effect.tap(
              javaMember({ group: place.group, topics: names }),
              (java) => Effect.suspend(() => ownsSo(java, leader === "Java" ? 8 : 4))
            )
            const startBackup = Effect.tap(
              place.run(args(place, regex)),
              (backup) => sharesAre([[backup, leader === "Java" ? 4 : 8]])
            )
            const { backup, java } = yield* leader === "Java"
              ? Effect.map(
                Effect.all([startJava, startBackup]),
                ([java, backup]) => ({ java, backup })
              )
              : Effect.map(
                Effect.all([startBackup, startJava]),
                ([backup, java]) => ({ java, backup })
              )
            yield* sharesAre([[backup, 4]])
            yield* ownsSo(java, 4)
            const joined = backup.log().filter(({ msg }) => msg === "group joined")
            assert.strictEqual(
              joined.every(({ leads }) => leads !== undefined),
              leader === "the backup"
            )
            assert.strictEqual(joined.some(({ leads }) => leads !== undefined), leader !== "Java")

            // While both are there, each works on what is its own, and only on that.
            const theirs = yield* java.owned
            const places = yield* truth.produce(noise(topics, 50))
            const [atJava, atBackup] = [true, false].map((java) =>
              places.filter(([topic, partition]) =>
                theirs.includes(`${topic}-${partition}`) === java
              )
            )
            yield* waitUntil(
              Effect.map(java.records, (records) => records.length === atJava?.length)
            )
            yield* waitUntil(
              Effect.map(
                archivedFiles(place.prefix),
                (files) =>
                  files.reduce((sum, { records }) => sum + records.length, 0) === atBackup?.length
              )
            )
            const files = yield* archivedFiles(place.prefix)
            assert.deepStrictEqual(
              files.filter((file) => theirs.includes(nameOf(file))),
              []
            )
            assert.deepStrictEqual(
              (yield* java.records).filter((record) => !theirs.includes(nameOf(record))),
              []
            )

            // What Java has read and committed is not in the archive: the backup reads it again.
            yield* java.leave
            yield* sharesAre([[backup, 8]])
            assert.deepStrictEqual(
              conflicts([
                ...ownerships("backup", handoversOf(backup)),
                ...ownerships("java", yield* javaHandovers(java))
              ]),
              []
            )
            yield* backup.until(
              "not all of it is archived",
              Effect.map(
                backup.metric("kafka_data_keep_archived_records_total"),
                (records) => records === places.length
              )
            )
            const again = yield* backup.metric("kafka_data_keep_refetched_records_total")
            assert.strictEqual(again, atJava?.length)
            assert.strictEqual((yield* backup.stop("SIGTERM")).code, 0)
            assert.deepStrictEqual(yield* archiveDifferences(place.prefix, names), [])
          }),
        180_000
      )
    }
  }
)
