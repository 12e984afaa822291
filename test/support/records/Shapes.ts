/** Topics that hold records of every shape that Kafka's own producer can write. */
import type { NewRecord, ProduceLine, TruthTopic } from "../../../dev/truth/Truth.ts"
import { unique } from "../SharedStack.ts"

export interface Shape extends TruthTopic {
  readonly loads: ReadonlyArray<{
    readonly lines: ReadonlyArray<ProduceLine>
    readonly config?: Readonly<Record<string, string>>
  }>
}

export const hex = (text: string): string => Buffer.from(text).toString("hex")

export const range = (length: number): ReadonlyArray<number> =>
  Array.from({ length }, (_, at) => at)

type Part = readonly [partition: number, tx?: string]

/** A small record whose key says where it belongs. */
const small = (topic: string, [partition, tx]: Part, label: string | number): NewRecord => ({
  topic,
  partition,
  key: hex(`${partition}/${label}`),
  value: hex(`value of ${label}`),
  ...(tx === undefined ? {} : { tx })
})

/** The bytes of int32 0, which are also those of the key of an abort marker. */
const int32Zero = "00000000"

/**
 * Two producers at once in partition 0, and what they leave when they commit and abort; nothing
 * but aborted records in partition 1; nothing at all in 2; one record and its marker in 3.
 */
export const transactions = (): Shape => {
  const topic = unique("tx")
  const [one, two] = [unique("one"), unique("two")]
  const mixed = (round: string): ReadonlyArray<ProduceLine> =>
    range(12).map((at) => small(topic, [0, at % 3 === 1 ? two : one], `${round}${at}`))
  return {
    topic,
    partitions: 4,
    loads: [{
      lines: [
        small(topic, [0], "before"),
        { begin: one },
        { begin: two },
        { topic, partition: 0, tx: two, key: int32Zero, value: hex("aborted") },
        ...mixed("a"),
        small(topic, [1, two], "aborted"),
        small(topic, [3, one], "committed"),
        { abort: two },
        { commit: one },
        { begin: two },
        { begin: one },
        ...mixed("b"),
        small(topic, [0], "between"),
        small(topic, [1, one], "aborted"),
        { abort: one },
        { begin: one },
        small(topic, [0, one], "again"),
        { topic, partition: 0, tx: one, key: int32Zero, value: hex("committed") },
        { commit: one },
        { commit: two },
        { begin: one },
        { begin: two },
        ...mixed("c"),
        { abort: one },
        { abort: two },
        small(topic, [0], "after"),
        { begin: two },
        small(topic, [0, two], "aborted at the end"),
        { abort: two }
      ]
    }]
  }
}

const oddNames = [
  "__proto__",
  "constructor",
  "toString",
  "",
  "restore.source-offset",
  "ключ",
  "名前 🙂",
  "a.b/c=d\n",
  "x".repeat(300)
]

/** Headers in every order and with every name; null and empty keys, values and header values. */
export const headers = (): Shape => {
  const topic = unique("headers")
  const values = [null, "", "00", hex("12"), "ff".repeat(200)]
  const record = (headers: NewRecord["headers"] = [], more: Partial<NewRecord> = {}) => ({
    topic,
    partition: 0,
    key: hex("k"),
    value: hex("v"),
    headers,
    ...more
  })
  const lines = [
    ...oddNames.flatMap((name) => values.map((value) => record([[name, value]]))),
    record(oddNames.map((name) => [name, null])),
    record(oddNames.toReversed().map((name) => [name, hex(name)])),
    record([["h", "01"], ["g", "02"], ["h", null], ["h", "01"], ["", null], ["", ""]]),
    record([["restore.source-offset", hex("77")], ["restore.source-offset", hex("not one")]]),
    record(range(300).map((at) => [`h${at % 7}`, at % 5 === 0 ? null : hex(String(at))])),
    ...[null, "", "00"].flatMap((key) =>
      [null, "", "00"].map((value) => record([], { key, value }))
    )
  ]
  return { topic, partitions: 2, loads: [{ lines }] }
}

/** Values of 3 MB and 12 MB, which nothing compresses, between small ones. */
export const large = (): Shape => {
  const topic = unique("large")
  const value = (size: number, seed: number) => ({ topic, partition: 0, value: { size, seed } })
  const lines = [
    small(topic, [0], "first"),
    value(3_000_000, 1),
    small(topic, [0], "second"),
    value(12_000_000, 2),
    value(1_000_000, 3),
    small(topic, [0], "last")
  ]
  return { topic, partitions: 1, loads: [{ lines }] }
}

/** The broker's time in place of the producer's. */
export const logAppendTime = (): Shape => {
  const topic = unique("append-time")
  const records = (round: number): ReadonlyArray<ProduceLine> =>
    range(20).map((at) => ({ ...small(topic, [0], `${round}/${at}`), timestamp: at }))
  return {
    topic,
    partitions: 1,
    configs: { "message.timestamp.type": "LogAppendTime" },
    loads: range(3).map((round) => ({ lines: records(round) }))
  }
}

/** From 1970 to as late as JSON can say exactly, forth and back, in one batch and in many. */
export const timestamps = (): Shape => {
  const topic = unique("timestamps")
  const lateYears = 253_402_300_799_999
  const times = [0, 1, Number.MAX_SAFE_INTEGER, 0, lateYears, 1_700_000_000_000, 2 ** 31, 1]
  const records = (partition: number) =>
    times.map((timestamp) => ({ ...small(topic, [partition], timestamp), timestamp }))
  return {
    topic,
    partitions: 2,
    loads: [
      { lines: records(0), config: { "linger.ms": "300" } },
      { lines: records(1), config: { "batch.size": "1", "linger.ms": "0" } }
    ]
  }
}

export const codecs = ["none", "gzip", "snappy", "lz4", "zstd"]

/** A partition per codec, in large batches. */
export const compressed = (): Shape => {
  const topic = unique("codecs")
  const lines = (partition: number) =>
    range(600).flatMap((at): ReadonlyArray<ProduceLine> => [
      { ...small(topic, [partition], at), headers: [["n", hex(String(at))], ["null", null]] },
      { topic, partition, key: null, value: { size: 1500, seed: partition * 1000 + at } }
    ])
  const big = { "batch.size": "400000", "linger.ms": "200" }
  return {
    topic,
    partitions: codecs.length,
    loads: codecs.map((codec, partition) => ({
      lines: lines(partition),
      config: { ...big, "compression.type": codec }
    }))
  }
}

/** One topic with some of everything, for tests that are not about shapes. */
export const mixed = (): Shape => {
  const topic = unique("mixed")
  const tx = unique("tx")
  const lines = (round: number): ReadonlyArray<ProduceLine> => [
    { begin: tx },
    ...range(40).map((at) => small(topic, [at % 2, tx], `${round}/${at}`)),
    { abort: tx },
    { begin: tx },
    ...range(400).map((at): ProduceLine => ({
      ...small(topic, [at % 2, tx], `${round}/${at}`),
      headers: at % 2 === 0 ? [] : [["h", "01"], ["h", null], ["é", ""], ["constructor", "02"]],
      timestamp: 1_700_000_000_000 + at
    })),
    ...range(3).map((seed): ProduceLine => ({
      topic,
      partition: 1,
      value: { size: 700_000, seed },
      tx
    })),
    { topic, partition: 0, tx, key: null, value: null },
    { commit: tx }
  ]
  return {
    topic,
    partitions: 3,
    loads: ["lz4", "zstd"].map((codec, round) => ({
      lines: lines(round),
      config: { "compression.type": codec }
    }))
  }
}
