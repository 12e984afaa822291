/** A topic of every kind of record, backed up in several files, for commands that look at it. */
import { Context, Effect, Layer } from "effect"
import type { NewRecord, ProduceLine, TrueOffsets, TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import type { Workplace } from "./CommandLine.ts"
import { BundleLayer, NotSeen, workplace } from "./CommandLine.ts"
import type { StoredFile } from "./records/ArchiveView.ts"
import { archiveFiles, putIntoDirectory } from "./records/ArchiveView.ts"
import { hex } from "./records/Shapes.ts"
import { SharedStack, unique } from "./SharedStack.ts"

export class ArchivedTopic extends Context.Tag("test/ArchivedTopic")<ArchivedTopic, {
  readonly place: Workplace
  /** Three partitions; the last one is empty. */
  readonly topic: string
  /** What its consumers see, partition by partition. */
  readonly records: ReadonlyArray<TrueRecord>
  readonly offsets: ReadonlyArray<TrueOffsets>
  /** Four files of each partition, in key order. */
  readonly files: ReadonlyArray<StoredFile>
}>() {}

/** Files of each partition. */
export const rounds = 4

/** In so many blocks of noise, the second file of partition 1. */
const large = { size: 600_000, records: 5 }

/** Longer than any value here. */
const everyByte = 1_000_000

export const beganMs = 1_800_000_000_000 - 7 * 24 * 3_600_000

/** Seconds, but for one record of each round, which comes late. */
const timestampOf = (round: number, at: number): number =>
  beganMs + (at === 7 ? -500 : (round * 12 + at) * 1000)

/** Keys come again, or are null; values are JSON, text, bytes that are no UTF-8, or null. */
const recordsOf = (topic: string, partition: number, round: number): ReadonlyArray<NewRecord> =>
  Array.from({ length: 12 }, (_, at) => ({
    topic,
    partition,
    timestamp: timestampOf(round, at),
    key: at === 3 || at === 5 ? null : hex(`key-${at % 4}`),
    value: at === 4 || at === 5
      ? null
      : at % 4 === 0
      ? hex(`{"round": ${round},\n "at": ${at}, "large": 12345678901234567890}`)
      : at % 4 === 1
      ? "00ff80c3"
      : hex(`text ${round} of "${at}"\nü`),
    headers: at % 3 === 0
      ? [["twice", hex("one")], ["none", null], ["twice", hex("two")], ["", ""]]
      : []
  }))

const linesOf = (topic: string, round: number): ReadonlyArray<ProduceLine> => [
  ...recordsOf(topic, 0, round),
  ...recordsOf(topic, 1, round),
  ...(round === 1
    ? Array.from({ length: large.records }, (_, seed) => ({
      topic,
      partition: 1,
      key: hex("large"),
      value: { size: large.size, seed },
      timestamp: timestampOf(round, 11)
    }))
    : [])
]

/** A record that nobody is to see, and the marker behind it. */
const aborted = (topic: string): ReadonlyArray<ProduceLine> => {
  const tx = unique("tx")
  return [{ begin: tx }, { topic, partition: 0, key: "00", value: "00", tx }, { abort: tx }]
}

export const succeeds = (place: Workplace, args: ReadonlyArray<string>) =>
  Effect.filterOrFail(
    place.finish(args),
    ({ code }) => code === 0,
    ({ stderr, stdout }) => new NotSeen({ message: `${args[0]} failed: ${stdout}\n${stderr}` })
  )

/** Everything in the topics, all of its bytes, partition by partition. */
export const consumed = (topics: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const records = yield* (yield* Truth).consume(topics, { maxValueBytes: everyByte })
    return records.toSorted((one, other) =>
      one.partition - other.partition || one.offset - other.offset
    )
  })

const backedUp = Effect.gen(function*() {
  const truth = yield* Truth
  const place = yield* workplace
  const topic = unique("archived")
  const flags = ["-topics-regex", `^${topic}$`, "-working-dir", place.file("buffer")]
  yield* truth.createTopics([{ topic, partitions: 3, configs: { "retention.ms": "-1" } }])
  for (let round = 0; round < rounds; round++) {
    yield* truth.produce([...linesOf(topic, round), ...(round === 2 ? aborted(topic) : [])])
    yield* succeeds(place, ["topics-backup", "-once", ...flags])
  }
  return ArchivedTopic.of({
    place,
    topic,
    records: yield* consumed([topic]),
    offsets: yield* truth.offsets([topic]),
    files: yield* archiveFiles(`${place.prefix}/`)
  })
})

/** `name`: of the bundle, that no other test file uses. */
export const ArchivedTopicLayer = (name: string) =>
  Layer.provideMerge(
    Layer.scoped(ArchivedTopic, backedUp),
    Layer.provideMerge(Layer.merge(TruthLayer, BundleLayer(name)), SharedStack)
  )

/** Writes these files into a directory of that name, and returns the flag that names it. */
export const inDirectory = (
  { file }: Workplace,
  name: string,
  files: ReadonlyArray<Pick<StoredFile, "bytes" | "key">>
) => Effect.as(putIntoDirectory(file(name), files), ["-store", `file://${file(name)}`] as const)
