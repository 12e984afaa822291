/** The built program finds each kind of damage in an archive, and names the file. */
import { assert, layer } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { parseContainerHeader } from "../../src/codec/ContainerHeader.ts"
import { readContainer } from "../../src/codec/ContainerReader.ts"
import type { ArchivedRecord } from "../../src/codec/RecordCursor.ts"
import { summarize } from "../../src/codec/RecordCursor.ts"
import { writeRecords } from "../../src/codec/RecordWriter.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import {
  ArchivedTopic,
  ArchivedTopicLayer,
  inDirectory,
  succeeds
} from "../support/ArchivedTopic.ts"
import { chunked } from "../support/Containers.ts"
import type { StoredFile } from "../support/records/ArchiveView.ts"
import { putIntoBucket } from "../support/records/ArchiveView.ts"
import { fileBytes, recordsFrom } from "../support/RestoreHarness.ts"
import { unique } from "../support/SharedStack.ts"

type Stored = Pick<StoredFile, "bytes" | "key">

interface Damage {
  readonly name: string
  /** What becomes of the file; nothing when it is gone. */
  readonly of: (file: Stored, others: Others) => ReadonlyArray<Stored>
  /** Of what is found. */
  readonly kind: string
}

interface Others {
  /** The same file of another partition, and of another topic. */
  readonly partition: Buffer
  readonly topic: Buffer
  /** What it was before it grew. */
  readonly older: Buffer
  /** Where the file's last block begins. */
  readonly lastBlock: number
}

const syncBytes = 16

const flipped = ({ bytes, key }: Stored, at: number): ReadonlyArray<Stored> => {
  const damaged = Buffer.from(bytes)
  damaged[at]! ^= 0x10
  return [{ key, bytes: damaged }]
}

const renamed = (key: string): string =>
  key.replace(
    /(\d{19})\.avro$/,
    (_, digits: string) => `${String(Number(digits) + 1).padStart(19, "0")}.avro`
  )

const damages: ReadonlyArray<Damage> = [
  {
    name: "a byte in the name of a fact",
    of: (file) => flipped(file, file.bytes.indexOf("coverage-start")),
    kind: "damaged"
  },
  {
    name: "a byte in the schema",
    of: (file) => flipped(file, file.bytes.indexOf("null_headers")),
    kind: "damaged"
  },
  {
    name: "a byte in the middle of a block",
    of: (file) => flipped(file, file.bytes.length >> 1),
    kind: "damaged"
  },
  {
    name: "a byte in the checksum of the last block",
    of: (file) => flipped(file, file.bytes.length - syncBytes - 2),
    kind: "damaged"
  },
  { name: "missing", of: () => [], kind: "hole" },
  {
    name: "truncated",
    of: ({ bytes, key }) => [{ key, bytes: bytes.subarray(0, -100) }],
    kind: "damaged"
  },
  {
    name: "cut between two blocks",
    of: ({ bytes, key }, { lastBlock }) => [{ key, bytes: bytes.subarray(0, lastBlock) }],
    kind: "contradiction"
  },
  { name: "emptied", of: ({ key }) => [{ key, bytes: Buffer.alloc(0) }], kind: "damaged" },
  {
    name: "under another offset",
    of: ({ bytes, key }) => [{ key: renamed(key), bytes }],
    kind: "misplaced"
  },
  {
    name: "of another topic",
    of: ({ key }, { topic }) => [{ key, bytes: topic }],
    kind: "misplaced"
  },
  {
    name: "of another partition",
    of: ({ key }, { partition }) => [{ key, bytes: partition }],
    kind: "misplaced"
  },
  {
    name: "an older one in its place",
    of: ({ key }, { older }) => [{ key, bytes: older }],
    kind: "hole"
  }
]

interface Found {
  readonly severity: string
  readonly kind: string
  readonly file: string
}

const lastBlockOf = (bytes: Buffer) =>
  Effect.scoped(Effect.gen(function*() {
    const { blocks } = yield* readContainer(chunked(bytes))
    const all = Chunk.toReadonlyArray(yield* Stream.runCollect(blocks))
    assert.isAbove(all.length, 1)
    return all.at(-1)?.position ?? 0
  }))

/** The second file of partition 1, of several blocks, and what it can be mistaken for. */
const victim = Effect.gen(function*() {
  const { files, topic } = yield* ArchivedTopic
  const of = (partition: number) =>
    files.filter(({ key }) => key.includes(`/${topic}/${partition}/`))
  const [[, partition], [, file, next]] = [of(0), of(1)]
  if (file === undefined || next === undefined || partition === undefined) {
    return yield* Effect.dieMessage("too few files")
  }
  const { facts } = parseContainerHeader(file.bytes)
  const [from, last] = [Number(facts?.coverageStart), Number(facts?.coverageNext) - 1]
  const { clusterId = "", topicId = "" } = facts ?? {}
  const some = (name: string, end: number) =>
    Effect.flatMap(
      Effect.sync(() => recordsFrom({ topic: name, partition: 1 }, from, end)),
      (records) => fileBytes(records, { ...statsOf(records), clusterId, topicId })
    )
  const others: Others = {
    partition: partition.bytes,
    topic: yield* some("elsewhere", last),
    older: yield* some(topic, from + 4),
    lastBlock: yield* lastBlockOf(file.bytes)
  }
  return { file, next, others }
})

/** Facts of these records that are true. */
const statsOf = (records: ReadonlyArray<ArchivedRecord>) => {
  const stats = summarize(writeRecords(records), "ours", records[0] ?? { topic: "", partition: 0 })
  return { gaps: noGaps, largestRecord: stats?.largestRecord ?? 0 }
}

const findingsIn = (stdout: string): ReadonlyArray<Found> => JSON.parse(stdout).findings

/** Damage of which the file in question is not, or no more, there to be named. */
const named = (kind: string, key: string, next: string): ReadonlyArray<string> =>
  kind === "hole" ? [next] : [key, renamed(key)]

layer(ArchivedTopicLayer("archive-verify"), { excludeTestServices: true, timeout: "4 minutes" })(
  "archive-verify",
  (it) => {
    it.scoped(
      "finds nothing in an archive that is whole, in S3 and in a directory",
      () =>
        Effect.gen(function*() {
          const { files, place, records, topic } = yield* ArchivedTopic
          const directory = yield* inDirectory(place, "whole", files)
          for (const store of [[], directory]) {
            const verified = yield* succeeds(place, ["archive-verify", ...store])
            assert.match(
              verified.stdout,
              new RegExp(
                `^1 topic, 2 partitions, 8 files, .*, ${records.length} records, 0 errors, 0 warnings\n$`
              )
            )
            const flags = ["archive-verify", "-topic", topic, "-output", "json", ...store]
            assert.deepStrictEqual(findingsIn((yield* succeeds(place, flags)).stdout), [])
          }
          for (const nobody of ["2> /dev/full", "2>&1 | true; exit ${PIPESTATUS[0]}"]) {
            const mute = yield* place.inShell(`"$@" ${nobody}`, ["archive-verify"])
            assert.strictEqual(mute.code, 0, nobody)
          }
        }),
      60_000
    )

    it.scoped(
      "finds each kind of damage in a directory, and names the file",
      () =>
        Effect.gen(function*() {
          const { files, place } = yield* ArchivedTopic
          const { file, next, others } = yield* victim
          for (const [at, { kind, name, of }] of damages.entries()) {
            const damaged = files.flatMap((each) => each === file ? of(file, others) : [each])
            const store = yield* inDirectory(place, `damage-${at}`, damaged)
            const flags = ["archive-verify", "-output", "json", ...store]
            const { code, stdout } = yield* place.finish(flags)
            assert.strictEqual(code, 1, name)
            const errors = findingsIn(stdout).filter(({ severity }) => severity === "error")
            assert.isNotEmpty(
              errors.filter((each) =>
                each.kind === kind && named(kind, file.key, next.key).includes(each.file)
              ),
              `${name}: ${JSON.stringify(errors)}`
            )
          }
        }),
      120_000
    )

    it.scoped(
      "finds damage in S3, says it in a table, and fails though nobody reads that",
      () =>
        Effect.gen(function*() {
          const { files, place } = yield* ArchivedTopic
          const { file } = yield* victim
          const prefix = unique("damaged")
          const moved = ({ bytes, key }: Stored): Stored => (
            { key: key.replace(place.prefix, prefix), bytes }
          )
          const damaged = files.flatMap((each) =>
            each === file ? flipped(file, file.bytes.length >> 1) : [each]
          )
          yield* putIntoBucket(damaged.map(moved))
          const flags = ["archive-verify", "-s3-prefix", prefix]
          const { code, stderr, stdout } = yield* place.finish(flags)
          assert.strictEqual(code, 1)
          const [title = "", finding = "", , summary = ""] = stdout.split("\n")
          assert.match(title, /^SEVERITY +KIND +TOPIC +PARTITION +FILE +DETAIL$/)
          assert.match(finding, /^error +damaged +/)
          assert.include(finding, moved(file).key)
          assert.include(summary, "1 error, 0 warnings")
          assert.include(stderr, "not all is as it should be: 1 error")
          const unread = yield* place.inShell(`"$@" | true; exit \${PIPESTATUS[0]}`, flags)
          assert.strictEqual(unread.code, 1)
        }),
      60_000
    )
  }
)
