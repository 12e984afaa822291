/** Clusters that write under one prefix of the real S3 server: nothing mixes, nothing is lost. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import { generationRoot } from "../../src/domain/ArchiveKey.ts"
import type { Archive } from "../support/ArchiveInS3.ts"
import { makeArchive, silent, storeLive, writtenAgain } from "../support/ArchiveInS3.ts"
import { fill, range, until } from "../support/BackupPrograms.ts"
import { MemoryCluster } from "../support/kafka/MemoryCluster.ts"
import { MemoryFaults } from "../support/kafka/MemoryFaults.ts"
import { Cluster, connect } from "../support/KafkaMemory.ts"

const sources = range(0, 3).map((partition) => ({ topic: "orders", partition }))

/** A cluster with ids of its own, the topic, and a backup that starts with nothing. */
const makeCluster = (archive: Archive, name: string) =>
  Effect.gen(function*() {
    const cluster = new MemoryCluster(1, yield* Effect.scope)
    cluster.clusterId = `memory-cluster-${name}`
    // Topic ids are random on real clusters.
    for (const spare of range(0, ++clusters * 10)) cluster.topics.create(`spare ${spare}`, 1)
    for (const { topic } of cluster.topics.all) cluster.topics.remove(topic)
    const { topicId } = cluster.topics.create("orders", sources.length)
    const here = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(
        Effect.provideService(Cluster, cluster),
        Effect.provideService(Kafka, connect(cluster, new MemoryFaults()))
      )
    const grow = (end: number) => here(Effect.forEach(sources, (source) => fill(source, end, name)))
    return {
      name,
      root: generationRoot(archive.prefix, topicId),
      newProgram: here(archive.newProgram),
      /** Adds records to all partitions until they hold so many. */
      grow,
      /** The same, where retention has removed what is below `start` before anybody reads it. */
      growFrom: (start: number, end: number) =>
        Effect.zipRight(
          Effect.sync(() => {
            for (const log of sources.map((source) => cluster.topics.log(source))) {
              log.logEnd = BigInt(start)
              log.logStart = log.logEnd
            }
          }),
          grow(end)
        ),
      committed: (end: number) =>
        Effect.forEach(sources, (source) =>
          Effect.gen(function*() {
            const kafka = yield* Kafka
            const [answer] = yield* kafka.fetchOffsets("backup", [source])
            return Number(answer?.offset ?? -1) === end
          })).pipe(here, Effect.map((all) => all.every((done) => done)))
    }
  })

let clusters = 0

type OneCluster = Effect.Effect.Success<ReturnType<typeof makeCluster>>

/** Below that root lies each record of the cluster once, from `first` to `end`, and no other. */
const holdsAll = (
  archive: Archive,
  root: string,
  { name }: OneCluster,
  end: number,
  first = 0
) =>
  Effect.forEach(sources, (source) =>
    Effect.map(archive.records(source, root), (files) => {
      const found = files.flat().map(({ offset, value }) => `${offset}: ${value}`)
      assert.deepStrictEqual(found, range(first, end).map((at) => `${at}: ${name} ${at}`))
    }), { discard: true })

/** Nothing has been written twice, and nothing lies elsewhere than under these roots. */
const nothingElse = (archive: Archive, roots: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const elsewhere = (yield* archive.objects).map(({ key }) => key).filter((key) =>
      !roots.some((root) => key.startsWith(`${root}/`))
    )
    assert.deepStrictEqual(elsewhere, [])
    assert.deepStrictEqual(writtenAgain(archive.between.puts), [])
  })

layer(storeLive, { excludeTestServices: true, timeout: "3 minutes" })("two clusters", (it) => {
  it.scoped("one after the other, and again, go on in roots of their own", () =>
    Effect.gen(function*() {
      const archive = yield* makeArchive()
      const west = yield* makeCluster(archive, "west")
      const east = yield* makeCluster(archive, "east")
      let before = yield* archive.objects
      for (const end of [10, 25, 31]) {
        for (const cluster of [west, east]) {
          yield* cluster.grow(end)
          yield* (yield* cluster.newProgram).once()
          assert.deepStrictEqual(yield* archive.changed(before), [])
          before = yield* archive.objects
        }
      }
      yield* holdsAll(archive, archive.prefix, west, 31)
      yield* holdsAll(archive, east.root, east, 31)
      yield* nothingElse(archive, [archive.prefix, east.root])
    }).pipe(Effect.provide(silent)))

  it.scoped("at once go on in roots of their own", () =>
    Effect.gen(function*() {
      const archive = yield* makeArchive()
      const west = yield* makeCluster(archive, "west")
      const east = yield* makeCluster(archive, "east")
      yield* west.grow(1)
      yield* (yield* west.newProgram).once()
      const both = [west, east]
      const programs = yield* Effect.forEach(both, ({ newProgram }) => newProgram)
      const running = yield* Effect.forEach(programs, ({ start }) => start({ minFileSize: 600 }))
      let before = yield* archive.objects
      for (const end of range(1, 9)) {
        yield* Effect.forEach(both, ({ grow }) => grow(end * 12), { concurrency: 2 })
        if (end % 2 === 0) {
          yield* Effect.forEach(programs, ({ flush }) => flush, { concurrency: 2 })
        }
        assert.deepStrictEqual(yield* archive.changed(before), [])
        before = yield* archive.objects
      }
      for (const at of [0, 1]) {
        const flush = programs[at]?.flush ?? Effect.void
        const done = both[at]?.committed(96) ?? Effect.succeed(false)
        yield* until(Effect.zipRight(flush, done), "the end")
      }
      yield* Fiber.interruptAll(running)
      yield* holdsAll(archive, archive.prefix, west, 96)
      yield* holdsAll(archive, east.root, east, 96)
      yield* nothingElse(archive, [archive.prefix, east.root])
    }).pipe(Effect.provide(silent)))

  for (const [what, deleted] of [["", 0], [", with other first offsets", 5]] as const) {
    for (const idle of [false, true]) {
      const when = idle ? "of which one is idle at first" : "that begin at once"
      it.scoped(`${when} in an empty archive do not mix${what}`, () =>
        Effect.gen(function*() {
          const archive = yield* makeArchive()
          const west = yield* makeCluster(archive, "west")
          const east = yield* makeCluster(archive, "east")
          const programs = [yield* east.newProgram, yield* west.newProgram]
          const running = yield* Effect.forEach(programs, ({ start }) => start())
          // Both have found nothing under the prefix.
          yield* until(Effect.sync(() => programs.every(({ faults }) => faults.calls("fetch") > 0)))
          const flushed = ({ committed }: OneCluster) =>
            until(
              Effect.zipRight(
                // One of them has to find another place first.
                Effect.forEach(programs, ({ flush }) => Effect.ignore(flush), { concurrency: 2 }),
                committed(20)
              ),
              "the end"
            )
          yield* east.growFrom(deleted, 20)
          if (idle) yield* flushed(east)
          yield* west.grow(20)
          yield* Effect.forEach([east, west], flushed)
          yield* Fiber.interruptAll(running)
          const isFirst = (yield* archive.objects).map(({ key }) => key)
              .some((key) => key.startsWith(`${east.root}/`)) ?
            west :
            east
          if (idle) assert.strictEqual(isFirst, east)
          const rootOf = (cluster: OneCluster) =>
            cluster === isFirst ? archive.prefix : cluster.root
          yield* holdsAll(archive, rootOf(west), west, 20)
          yield* holdsAll(archive, rootOf(east), east, 20, deleted)
          yield* nothingElse(archive, [rootOf(west), rootOf(east)])
        }).pipe(Effect.provide(silent)))
    }
  }

  it.scoped("the one that is rebuilt, and the lost one that comes back, stay apart", () =>
    Effect.gen(function*() {
      const archive = yield* makeArchive()
      const west = yield* makeCluster(archive, "west")
      const east = yield* makeCluster(archive, "east")
      yield* Effect.forEach([west, east], ({ grow }) => grow(15))
      yield* (yield* west.newProgram).once()
      yield* (yield* east.newProgram).once()
      const rebuilt = yield* makeCluster(archive, "rebuilt")
      let before = yield* archive.objects
      // The committed offsets of the lost cluster are worth nothing in the rebuilt one.
      const steps = [[rebuilt, 9], [rebuilt, 21], [west, 30], [rebuilt, 33], [east, 40]] as const
      for (const [cluster, end] of steps) {
        yield* cluster.grow(end)
        yield* (yield* cluster.newProgram).once()
        assert.deepStrictEqual(yield* archive.changed(before), [])
        before = yield* archive.objects
      }
      yield* holdsAll(archive, archive.prefix, west, 30)
      yield* holdsAll(archive, east.root, east, 40)
      yield* holdsAll(archive, rebuilt.root, rebuilt, 33)
      yield* nothingElse(archive, [archive.prefix, east.root, rebuilt.root])
    }).pipe(Effect.provide(silent)))
})
