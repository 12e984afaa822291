import { assert, describe, it } from "@effect/vitest"
import type { TopicProgress } from "../../services/Progress.ts"
import type { Look } from "../../src/cli/ProgressBars.ts"
import { lastLine, progressLines } from "../../src/cli/ProgressBars.ts"
import type { Steps } from "../../src/cli/ProgressColumns.ts"
import { progressFields } from "../../src/cli/ProgressLine.ts"
import { makePaces } from "../../src/cli/ProgressRates.ts"

const mebibyte = 1024 ** 2

const look = (columns: number, changes: Partial<Look> = {}): Look => ({
  columns,
  rows: 24,
  unicode: true,
  color: false,
  ...changes
})

const topicOf = (topic: string, changes: Partial<TopicProgress> = {}): TopicProgress => ({
  topic,
  records: 0,
  bytes: 0,
  done: 0,
  earlier: 0,
  total: 1000 * mebibyte,
  ...changes
})

/** Ten seconds at `speed` bytes and a record for each kibibyte, by topic. */
const pacesAfter = (
  topics: ReadonlyArray<readonly [TopicProgress, speed: number]>,
  complete = true
) => {
  const pacesOf = makePaces()
  const reading = (second: number) => ({
    complete,
    throttledMs: 0,
    topics: topics.map(([topic, speed]) => ({
      ...topic,
      records: speed * second / 1024,
      bytes: speed * second,
      done: topic.total === null ? 0 : topic.done + speed * second
    }))
  })
  for (let second = 0; second < 10; second++) pacesOf(reading(second), second * 1000)
  return pacesOf(reading(10), 10_000)
}

const three = pacesAfter([
  [topicOf("orders"), 10 * mebibyte],
  [topicOf("payments", { total: 100 * mebibyte }), 10 * mebibyte],
  [topicOf("a-topic-of-a-team.with-a-name-as-long.as-names-can-be.v1.retry"), 20 * mebibyte]
])

const linesIn = (
  columns: number,
  changes: Partial<Look> = {},
  paces = three,
  steps: Steps = "bytes"
) => progressLines(paces, steps, look(columns, changes))

describe("bars", () => {
  it("in 80 columns", () => {
    assert.deepStrictEqual(linesIn(80), [
      "TOPIC                DONE                BYTES  RECORDS/S         SPEED     ETA",
      "orders      ▋░░░░░░   10%  100.0 of 1000.0 MiB      10240    10.0 MiB/s   1m30s",
      "a-top…etry  █▍░░░░░   20%  200.0 of 1000.0 MiB      20480    20.0 MiB/s     40s",
      "all (1/3)   █▎░░░░░   19%       0.4 of 2.1 GiB      40960    40.0 MiB/s     43s"
    ])
  })

  it("in 40 columns: what matters most", () => {
    assert.deepStrictEqual(linesIn(40), [
      "TOPIC        DONE         SPEED     ETA",
      "orders        10%    10.0 MiB/s   1m30s",
      "a-top…retry   20%    20.0 MiB/s     40s",
      "all (1/3)     19%    40.0 MiB/s     43s"
    ])
  })

  it("in 200 columns: everything, and names nearly as they are", () => {
    const [titles = "", orders, long = ""] = linesIn(200)
    assert.deepStrictEqual(titles.split(/ +/), [
      "TOPIC",
      "DONE",
      "BYTES",
      "RECORDS",
      "RECORDS/S",
      "SPEED",
      "ETA"
    ])
    assert.strictEqual(
      orders?.replace(/^orders +/, ""),
      "███░░░░░░░░░░░░░░░░░░░░░░░░░░░   10%  100.0 of 1000.0 MiB   102400      10240    10.0 MiB/s   1m30s"
    )
    assert.match(long, /^a-topic-of-a-team.with-a-name-…long.as-names-can-be.v1.retry {2}██████░/)
  })

  for (const columns of [20, 30, 40, 60, 80, 100, 132, 200, 300]) {
    it(`no line reaches the last of ${columns} columns`, () => {
      for (const changes of [{}, { unicode: false }]) {
        for (const line of linesIn(columns, changes)) assert.isBelow([...line].length, columns)
      }
    })
  }

  it("without UTF-8, nothing but ASCII", () => {
    const lines = linesIn(80, { unicode: false })
    assert.notMatch(lines.join(""), /[^\x20-\x7e]/)
    assert.match(lines.join("\n"), /orders +\.{7} +10%/)
    assert.match(lines.join("\n"), /a-to\.\.etry +#\.{6} +20%/)
  })

  it("colors change nothing of the text", () => {
    const painted = linesIn(80, { color: true })
    assert.include(painted.join(""), "\u001b[32m")
    const sequences = new RegExp(`${"\u001b"}\\[\\d+m`, "g")
    assert.deepStrictEqual(painted.map((line) => line.replaceAll(sequences, "")), linesIn(80))
    assert.notInclude(linesIn(80).join(""), "\u001b")
  })

  it("characters of other widths, and those that are none, are not shown", () => {
    const paces = pacesAfter([[topicOf("注文\u001b[2J"), mebibyte]])
    assert.match(linesIn(80, {}, paces)[1] ?? "", /^\?\?\?\[2J /)
  })
})

describe("a low terminal", () => {
  const many = pacesAfter(
    Array.from({ length: 30 }, (_, at) => [topicOf(`topic-${at}`), at < 25 ? mebibyte : 0])
  )

  it("shows those in progress, as many as there is room for, and how many are left", () => {
    const lines = linesIn(80, { rows: 10 }, many)
    assert.deepStrictEqual(lines.map((line) => line.slice(0, 10).trim()), [
      "TOPIC",
      "topic-0",
      "topic-1",
      "topic-2",
      "topic-3",
      "topic-4",
      "and 25 mor",
      "all (0/30)"
    ])
    const high = linesIn(80, { rows: 60 }, many)
    assert.lengthOf(high, 1 + 25 + 1 + 1)
    assert.strictEqual(high.at(-2), "and 5 more")
  })

  for (const rows of [1, 3, 4, 5, 6, 8]) {
    it(`of ${rows} rows is never full`, () => {
      assert.isBelow(linesIn(80, { rows }, many).length, Math.max(2, rows))
    })
  }
})

describe("without a known end", () => {
  const endless = pacesAfter([
    [topicOf("orders", { total: null }), mebibyte],
    [topicOf("payments", { total: null }), 0]
  ], false)

  it("there are totals and rates, and neither bar nor percent nor time left", () => {
    assert.deepStrictEqual(linesIn(80, {}, endless, "offsets"), [
      "TOPIC            BYTES  RECORDS  RECORDS/S         SPEED",
      "orders        10.0 MiB    10240       1024     1.0 MiB/s",
      "and 1 more",
      "all (2)       10.0 MiB    10240       1024     1.0 MiB/s"
    ])
  })

  it("one topic whose end is not known keeps that of all from being known", () => {
    const mixed = pacesAfter([
      [topicOf("orders"), mebibyte],
      [topicOf("payments", { total: null }), mebibyte]
    ])
    assert.match(linesIn(80, {}, mixed)[1] ?? "", /^orders .*1%.*16m30s$/)
    assert.notMatch(linesIn(80, {}, mixed).at(-1) ?? "", /%/)
  })
})

describe("a quota", () => {
  const held = { ...three, throttled: true }

  it("is named below all while it holds back, in no more room than there is", () => {
    const lines = linesIn(80, {}, held)
    assert.deepStrictEqual(lines.slice(0, -1), linesIn(80))
    assert.match(lines.at(-1) ?? "", /^held back by the brokers: a quota/)
    for (const columns of [20, 40, 80]) {
      for (const rows of [1, 4, 5, 6, 7, 8, 24]) {
        const some = linesIn(columns, { rows }, held)
        assert.isAtMost(some.length, Math.max(1, rows - 1))
        for (const line of some) assert.isBelow(line.length, columns)
      }
    }
    assert.deepStrictEqual(linesIn(80, { rows: 5 }, held), linesIn(80, { rows: 5 }))
  })

  it("is said in a line of the log", () => {
    assert.propertyVal(progressFields(held), "throttled", true)
    assert.notProperty(progressFields(three), "throttled")
  })
})

describe("files", () => {
  it("done and planned are shown, and the time left is that of files", () => {
    const pacesOf = makePaces()
    const reading = (done: number) => ({
      complete: true,
      throttledMs: 0,
      topics: [
        topicOf("orders", { done: 40 + done, earlier: 40, total: 100, records: done, bytes: done })
      ]
    })
    for (let second = 0; second <= 10; second++) pacesOf(reading(second), second * 1000)
    const [, line = ""] = linesIn(100, {}, pacesOf(reading(10), 10_000), "files")
    assert.match(line, /50% +50\/100 .* 50s$/)
  })
})

describe("words about all", () => {
  it("the last line", () => {
    assert.strictEqual(
      lastLine(three, { doing: "read" }, 10, look(120)),
      "19% of 3 topics read: 400.0 MiB, 409600 records in 10s (40960 records/s, 40.0 MiB/s)"
    )
    assert.strictEqual(
      lastLine(three, { doing: "read" }, 10, look(60)),
      "19% of 3 topics read: 400.0 MiB, 409600 records in 10s"
    )
    assert.isBelow(lastLine(three, { doing: "read" }, 10, look(30)).length, 30)
  })

  it("the fields of a log line", () => {
    assert.deepStrictEqual(progressFields(three), {
      bytes: 400 * mebibyte,
      records: 409_600,
      records_per_s: 40_960,
      mib_per_s: 40,
      topics: 3,
      percent: 19,
      topics_done: 1,
      eta: "43s"
    })
  })
})
