import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { BufferPool } from "../../src/codec/BufferPool.ts"
import { factsFromMetadata } from "../../src/codec/FactsMetadata.ts"
import { readFetched } from "../../src/codec/FetchedBatches.ts"
import { addGaps } from "../../src/domain/FileAccount.ts"
import { noGaps } from "../../src/domain/FileFacts.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import type { FinishedBlock, Tail } from "../../streams/backup/BlockBuilder.ts"
import { blockBytes, makeBlockBuilder } from "../../streams/backup/BlockBuilder.ts"
import { makeOpenBlocks } from "../../streams/backup/OpenBlocks.ts"
import { anyLog, LogBook } from "../support/AnyLog.ts"
import { archiveKeys, createTopic, objects } from "../support/BackupHarness.ts"
import { archivedOffsets, newProgram, shared } from "../support/BackupPrograms.ts"
import { buildBatch, plainRecord } from "../support/Batches.ts"
import { MemoryLog } from "../support/kafka/MemoryLog.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const orders = { topic: "orders", partition: 0 }

/** Takes in the log, in fetches of a few batches, and hands out what became of it. */
const build = (log: MemoryLog, openLimit: number) =>
  Effect.gen(function*() {
    const blocks: Array<FinishedBlock> = []
    const tails: Array<Tail> = []
    const builder = makeBlockBuilder({
      source: orders,
      start: 0n,
      pool: new BufferPool(blockBytes, 4 * blockBytes),
      openBlocks: makeOpenBlocks(openLimit),
      onBlock: (block) => blocks.push(block),
      onTail: (tail) => tails.push(tail)
    })
    while (builder.position() < log.logEnd) {
      const from = builder.position()
      const records = log.read(from, log.logEnd, 600, true)
      if (records.length === 0) break
      const aborted = log.abortedBetween(from, log.logEnd)
      for (const outcome of yield* readFetched({ ...orders, records, aborted }, from)) {
        builder.take(outcome)
      }
    }
    builder.close()
    return { blocks, tails }
  })

describe("the account of offsets", () => {
  it("tiles the log and gives every gap its reason, wherever blocks end", () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(anyLog(30), anyLog(400_000)),
        fc.constantFrom(0, 120, 1 << 30),
        async (steps, openLimit) => {
          const log = new MemoryLog(orders, 1)
          const book = new LogBook(log)
          for (const step of steps) book.play(step)
          book.endAll()
          const { blocks, tails } = await Effect.runPromise(build(log, openLimit))
          const spans = [...blocks.map(({ facts }) => facts), ...tails]
          const next = Math.max(0, ...spans.map(({ coverageNext }) => Number(coverageNext)))
          const gaps = spans.map((span) => span.gaps).reduce(addGaps, noGaps)
          const count = blocks.reduce((sum, { block }) => sum + block.recordCount, 0)
          const records = book.records(0, next)
          const [control, aborted] = [book.span("control", 0, next), book.span("aborted", 0, next)]
          assert.strictEqual(count, records.length)
          assert.deepStrictEqual(gaps, {
            ...noGaps,
            control,
            aborted,
            compacted: next - records.length - control - aborted
          })
        }
      ),
      { numRuns: 150 }
    ))

  it.live("names the leader epochs of the records that are in the block", () =>
    Effect.gen(function*() {
      const log = new MemoryLog(orders, 1)
      const batch = (bytes: number) =>
        buildBatch([plainRecord({ value: Buffer.alloc(bytes) })], { leaderEpoch: 0 })
      for (const [epoch, bytes] of [[3, 700_000], [4, 700_000], [5, 10], [6, 700_000]] as const) {
        log.leaderEpoch = epoch
        log.append(batch(bytes))
      }
      const { blocks } = yield* build(log, 1 << 30)
      assert.deepStrictEqual(
        blocks.map(({ facts }) => [facts.firstLeaderEpoch, facts.lastLeaderEpoch]),
        [[3, 3], [4, 5], [6, 6]]
      )
    }))
})

describe("an archive of any log", () => {
  it("holds what a read_committed reader gets, once, in files that tile the log", () =>
    fc.assert(
      fc.asyncProperty(anyLog(30), (steps) =>
        Effect.gen(function*() {
          const program = yield* newProgram
          const { topics } = yield* KafkaMemory.Cluster
          yield* createTopic("orders")
          const log = topics.log(orders)
          const book = new LogBook(log)
          let backups = 0
          for (const step of steps) {
            if (step.do !== "backup") book.play(step)
            else if (backups++ < 2) {
              yield* program.once()
              book.backedUp()
            }
          }
          book.endAll()
          // Compaction never takes the end of a log.
          log.append(buildBatch([plainRecord()]))
          yield* program.once()

          const facts: Array<FileFacts> = []
          for (const key of yield* archiveKeys) {
            const found = factsFromMetadata((yield* objects).get(key)?.metadata ?? {})
            if (found !== undefined) facts.push(found)
          }
          let reached = 0n
          for (const file of facts) {
            assert.strictEqual(file.coverageStart, reached)
            reached = file.coverageNext
          }
          assert.strictEqual(reached, log.logEnd)
          const end = Number(reached) - 1
          const gaps = facts.map((file) => file.gaps).reduce(addGaps, noGaps)
          assert.deepStrictEqual(yield* archivedOffsets("backup/"), [...book.records(0, end), end])
          assert.strictEqual(gaps.control, book.span("control", 0, end))
          assert.strictEqual(gaps.aborted, book.span("aborted", 0, end))
          assert.strictEqual(gaps.unknown + gaps.deleted, 0)
        }).pipe(Effect.scoped, Effect.provide(shared), Effect.runPromise)),
      { numRuns: 12 }
    ), 60_000)
})
