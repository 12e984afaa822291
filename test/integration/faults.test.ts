/** The fault suite in a bounded form: one seed, one minute of faults on servers of its own. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import fs from "node:fs"
import { passed, summary } from "../../dev/faults/Report.ts"
import { runDirectory, runFaults } from "../../dev/faults/Run.ts"
import { built } from "../cli/BuiltProgram.ts"

/** Its minute has every kind of fault, and no replica that is away for a whole session. */
const seed = 3

it.live(
  "nothing is lost and nothing comes twice while everything around the programs fails",
  () =>
    Effect.gen(function*() {
      const bundle = yield* Effect.promise(() => built("faults"))
      const directory = yield* runDirectory
      const report = yield* runFaults(
        { seed, minutes: 1, brokers: 1, bundle, say: () => undefined },
        directory
      )
      assert.isTrue(passed(report), `${summary(report)}\nlogs are kept in ${directory}`)
      assert.isAbove(report.committed, 0)
      assert.strictEqual(report.archived, report.committed)
      assert.strictEqual(report.restored, report.committed)
      fs.rmSync(directory, { recursive: true, force: true })
    }),
  600_000
)
