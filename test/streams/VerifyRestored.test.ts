import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Stream } from "effect"
import { everything } from "../../src/domain/RestoreChoice.ts"
import { verifyRestored } from "../../streams/VerifyRestored.ts"
import { buildBatch } from "../support/Batches.ts"
import type { PlainRecord } from "../support/Batches.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import {
  archivedRecord,
  createTarget,
  logRecords,
  plan,
  putFile,
  putRange,
  restore,
  targetOf,
  world
} from "../support/RestoreHarness.ts"

const orders = { topic: "orders", partition: 0 }

const events = (topic?: string) =>
  Effect.map(
    Stream.runCollect(
      verifyRestored({ prefix: "backup", topic, topicPrefix: "restored.", choice: everything })
    ),
    Chunk.toReadonlyArray
  )

const found = Effect.map(
  events(),
  (all) => all.flatMap((event) => event.kind === "finding" ? [event.finding.message] : [])
)

const headers: PlainRecord["headers"] = [
  [Buffer.from("b"), null],
  [Buffer.from("a"), Buffer.from("1")],
  [Buffer.from("b"), Buffer.from("2")]
]

const restoredOrders = Effect.gen(function*() {
  yield* createTarget("orders", 2)
  yield* putRange(orders, 0, 14)
  yield* putFile([15, 16, 17].map((offset) => archivedRecord(orders, offset, { headers })))
  yield* putRange({ topic: "orders", partition: 1 }, 100, 109)
  yield* plan()
  yield* restore()
})

/** What is in the target becomes this. */
const rewrite = (change: (records: ReadonlyArray<PlainRecord>) => ReadonlyArray<PlainRecord>) =>
  Effect.gen(function*() {
    const records = change(yield* logRecords(targetOf(orders)))
    const { topics } = yield* Cluster
    topics.remove("restored.orders")
    yield* createTarget("orders", 2)
    const log = topics.log(targetOf(orders))
    log.append(buildBatch(records.map((record, offsetDelta) => ({ ...record, offsetDelta }))))
  })

describe("verifyRestored", () => {
  it.live("finds nothing where everything is back", () =>
    Effect.gen(function*() {
      yield* restoredOrders
      const all = yield* events()
      assert.sameDeepMembers(
        all.map((event) => event.kind === "compared" ? event.compared : event.finding.message),
        [
          { topic: "restored.orders", partition: 0, records: 18 },
          { topic: "restored.orders", partition: 1, records: 10 }
        ]
      )
    }).pipe(Effect.provide(world)))

  it.live("names what is not there", () =>
    Effect.gen(function*() {
      yield* putRange(orders, 0, 9)
      assert.deepStrictEqual(yield* found, ["the topic is not there"])
      yield* createTarget("orders", 1)
      yield* putRange({ topic: "orders", partition: 1 }, 0, 9)
      assert.sameMembers(yield* found, [
        "the record of source offset 0 is missing at the end",
        "the partition is not there"
      ])
    }).pipe(Effect.provide(world)))

  const other = Buffer.from("other")
  const changes: ReadonlyArray<
    readonly [
      name: string,
      change: (records: ReadonlyArray<PlainRecord>) => ReadonlyArray<PlainRecord>,
      expected: string
    ]
  > = [
    ["a value", (all) => all.with(7, { ...all[7]!, value: other }), "7 has another value"],
    [
      "a value that is null",
      (all) => all.with(7, { ...all[7]!, value: null }),
      "7 has another value"
    ],
    ["a key", (all) => all.with(3, { ...all[3]!, key: other }), "3 has another key"],
    ["a timestamp", (all) => all.with(3, { ...all[3]!, timestamp: 5n }), "3 has another timestamp"],
    [
      "the order of headers",
      (all) => all.with(16, { ...all[16]!, headers: all[16]!.headers.toReversed() }),
      "16 has another headers"
    ],
    ["a record that is missing", (all) => all.toSpliced(4, 1), "4 is missing at offset 4"],
    ["a record that is doubled", (all) => all.toSpliced(4, 0, all[3]!), "3 is there once more"],
    [
      "two that are swapped",
      (all) => all.with(4, all[5]!).with(5, all[4]!),
      "4 is missing at offset 4"
    ],
    ["a last one that is missing", (all) => all.slice(0, -1), "17 is missing at the end"],
    ["one too many", (all) => [...all, all[17]!], "comes after the last archived one"],
    ["one of somebody else", (all) => [...all, { ...all[0]!, headers: [] }], "is of no restore"]
  ]
  for (const [name, change, expected] of changes) {
    it.live(`finds ${name}`, () =>
      Effect.gen(function*() {
        yield* restoredOrders
        yield* rewrite(change)
        const messages = yield* found
        assert.include(messages.join("; "), expected)
      }).pipe(Effect.provide(world)))
  }
})
