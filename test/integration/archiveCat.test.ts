/** The built program prints what an independent consumer has read from Kafka. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import {
  ArchivedTopic,
  ArchivedTopicLayer,
  beganMs,
  inDirectory,
  succeeds
} from "../support/ArchivedTopic.ts"
import { hex } from "../support/records/Shapes.ts"

interface Line {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: unknown
  readonly value: unknown
  readonly headers: ReadonlyArray<{ readonly key: string; readonly value: unknown }>
}

const bytesOf = (text: unknown): Buffer | null =>
  typeof text === "string" ? Buffer.from(text, "hex") : null

/** What a record is expected to be as a line, its bytes put by `form`. */
const lineOf = (form: (bytes: Buffer) => unknown) => (record: TrueRecord): Line => {
  const shown = (text: unknown) => {
    const bytes = bytesOf(text)
    return bytes === null ? null : form(bytes)
  }
  const { headers, key, offset, partition, timestamp, topic, value } = record
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: shown(key),
    value: shown(value),
    headers: headers.map(([name, bytes]) => ({ key: name, value: shown(bytes) }))
  }
}

const utf8 = lineOf((bytes) => bytes.toString())
const base64 = lineOf((bytes) => bytes.toString("base64"))
const json = lineOf((bytes) => {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return bytes.toString()
  }
})

const lines = (stdout: string): ReadonlyArray<Line> =>
  stdout.split("\n").slice(0, -1).map((line): Line => JSON.parse(line))

/** What `archive-cat` prints of the topic. */
const cat = (...args: ReadonlyArray<string>) =>
  Effect.flatMap(ArchivedTopic, ({ place, topic }) =>
    Effect.map(
      succeeds(place, ["archive-cat", "-topic", topic, ...args]),
      ({ stdout }) => lines(stdout)
    ))

layer(ArchivedTopicLayer("archive-cat"), { excludeTestServices: true, timeout: "4 minutes" })(
  "archive-cat",
  (it) => {
    it.scoped(
      "prints every record in the order of its partition, from S3 and from a directory",
      () =>
        Effect.gen(function*() {
          const { files, place, records } = yield* ArchivedTopic
          assert.deepStrictEqual(
            yield* cat("-value-format", "base64"),
            records.map(base64)
          )
          const directory = yield* inDirectory(place, "copy", files)
          assert.deepStrictEqual(
            yield* cat("-value-format", "base64", ...directory),
            records.map(base64)
          )
          assert.deepStrictEqual(
            yield* cat("-partition", "0"),
            records.filter(({ partition }) => partition === 0).map(utf8)
          )
          assert.deepStrictEqual(yield* cat("-value-format", "json"), records.map(json))
        }),
      120_000
    )

    it.scoped(
      "includes the start of a range and excludes its end, finds keys, and stops at a limit",
      () =>
        Effect.gen(function*() {
          const { records } = yield* ArchivedTopic
          const small = records.filter(({ key }) => key !== hex("large"))
          const [from, to] = [beganMs + 13_000, beganMs + 32_000]
          const inTime = ({ timestamp }: TrueRecord) => timestamp >= from && timestamp < to
          assert.isTrue(records.some(({ timestamp }) => timestamp === from))
          assert.isTrue(records.some(({ timestamp }) => timestamp === to))
          const cases: ReadonlyArray<
            readonly [ReadonlyArray<string>, (record: TrueRecord) => boolean]
          > = [
            [
              ["-from-offset", "11", "-to-offset", "24"],
              ({ offset }) => offset >= 11 && offset < 24
            ],
            [["-from-offset", "36"], ({ offset }) => offset >= 36],
            [["-to-offset", "12"], ({ offset }) => offset < 12],
            [["-to-offset", "1"], ({ offset }) => offset === 0],
            [["-from-offset", "1000"], () => false],
            [
              ["-from-time", String(from), "-to-time", new Date(to).toISOString()],
              inTime
            ],
            [["-from-time", String(from)], ({ timestamp }) => timestamp >= from],
            [["-to-time", String(beganMs)], ({ timestamp }) => timestamp < beganMs],
            [["-key", "key-2"], ({ key }) => key === hex("key-2")],
            [
              ["-key", "key-2", "-from-offset", "20", "-partition", "1"],
              ({ key, offset, partition }) =>
                key === hex("key-2") && offset >= 20 && partition === 1
            ]
          ]
          for (const [args, wanted] of cases) {
            const printed = yield* cat(...args, "-value-format", "base64")
            assert.deepStrictEqual(printed, records.filter(wanted).map(base64), args.join(" "))
          }
          assert.deepStrictEqual(yield* cat("-limit", "14"), small.slice(0, 14).map(utf8))
          assert.deepStrictEqual(
            yield* cat("-limit", "3", "-key", "key-1"),
            records.filter(({ key }) => key === hex("key-1")).slice(0, 3).map(utf8)
          )
        }),
      120_000
    )

    it.scoped(
      "ends quietly when its reader has seen enough",
      () =>
        Effect.gen(function*() {
          const { place, records, topic } = yield* ArchivedTopic
          const args = ["archive-cat", "-topic", topic, "-value-format", "base64"]
          const script = `"$@" | head -n 1; echo "\${PIPESTATUS[@]}"`
          const piped = yield* place.inShell(script, args)
          const [first = "", status] = piped.stdout.split("\n")
          assert.deepStrictEqual(lines(`${first}\n`), records.slice(0, 1).map(base64))
          assert.strictEqual(status, "0 0")
          const logged = piped.stderr.trimEnd().split("\n").map((line) => JSON.parse(line).level)
          assert.deepStrictEqual(new Set(logged), new Set(["INFO"]))
        }),
      60_000
    )

    it.scoped(
      "fails when what it prints cannot be kept",
      () =>
        Effect.gen(function*() {
          const { place, topic } = yield* ArchivedTopic
          const full = yield* place.inShell(`"$@" > /dev/full`, ["archive-cat", "-topic", topic])
          assert.strictEqual(full.code, 1)
          assert.include(full.stderr, "stdout cannot be written to: ENOSPC")
        }),
      60_000
    )
  }
)
