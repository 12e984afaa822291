/** Members of one process with `once`: they end together, and leave nothing out. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Companionship, Standing } from "../../services/Companions.ts"
import { agreement, Companions } from "../../services/Companions.ts"
import { committed, createTopic } from "../support/BackupHarness.ts"
import { archivedOffsets, fill, newProgram, range, shared } from "../support/BackupPrograms.ts"

/** Members that agree as workers do; which of the two conditions they ended by. */
const companions = (count: number, useDone: boolean) => {
  const standings = Array.from({ length: count }, (): Standing | undefined => undefined)
  let agreed: ReadonlySet<string> | undefined
  const member = (index: number): Companionship => ({
    tell: (standing) =>
      Effect.sync(() => {
        standings[index] = useDone ? standing : { ...standing, of: Infinity }
        const names = agreed === undefined ? agreement(standings) : undefined
        if (names !== undefined) agreed = new Set(names)
      }),
    agreed: () => agreed
  })
  return standings.map((_, index) => member(index))
}

const partitions = range(0, 6).map((partition) => ({ topic: "orders", partition }))

describe("companions of a backup with once", () => {
  for (const useDone of [true, false]) {
    it.live(
      useDone ? "end when everything is done by somebody" : "end when all are idle together",
      () =>
        Effect.gen(function*() {
          const programs = [yield* newProgram, yield* newProgram, yield* newProgram]
          yield* createTopic("orders", 6)
          yield* Effect.forEach(partitions, (source) => fill(source, 20))
          const together = companions(programs.length, useDone)
          const files = yield* Effect.forEach(
            programs,
            ({ once }, at) =>
              Effect.provideService(
                Effect.delay(once(), `${at * 30} millis`),
                Companions,
                together[at]
              ),
            { concurrency: "unbounded" }
          )
          const records = files.flat().filter(({ bytes }) => bytes > 0)
            .reduce((sum, { facts }) => sum + facts.recordCount, 0)
          assert.strictEqual(records, 120)
          for (const source of partitions) {
            const folder = `backup/orders/${source.partition}/`
            assert.deepStrictEqual(yield* archivedOffsets(folder), range(0, 20))
            assert.strictEqual(yield* committed(source), 20)
          }
          for (const { disk } of programs) assert.strictEqual(disk.files.size, 0)
        }).pipe(Effect.scoped, Effect.provide(shared)),
      60_000
    )
  }
})
