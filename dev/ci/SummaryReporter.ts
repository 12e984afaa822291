/**
 * Ends the output of a test run with one line to rely on: `12 passed, 0 failed, 1 skipped`. With
 * TEST_SUMMARY_FILE set, that file gets the line too.
 */
import fs from "node:fs"
import type { Reporter, TestModule } from "vitest/node"

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const summaryLine = ({ failed, passed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`

/** A file that could not be run, or whose set-up failed, counts as one failure of its own. */
const countModule = (module: TestModule): Counts => {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    counts[state === "pending" ? "skipped" : state]++
  }
  const broken = module.state() === "failed" && counts.failed === 0
  return broken ? { ...counts, failed: 1 } : counts
}

export default class SummaryReporter implements Reporter {
  onTestRunEnd(
    modules: ReadonlyArray<TestModule>,
    unhandledErrors: ReadonlyArray<unknown>,
    reason: string
  ): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      const own = countModule(module)
      counts.passed += own.passed
      counts.failed += own.failed
      counts.skipped += own.skipped
    }
    if (reason !== "passed" && counts.failed === 0) counts.failed = 1
    const line = summaryLine(counts)
    const file = process.env["TEST_SUMMARY_FILE"]
    if (file !== undefined && file !== "") fs.writeFileSync(file, `${line}\n`)
    // At the very end, after what other reporters and the shared stack still have to say.
    process.once("exit", () => fs.writeSync(1, `${line}\n`))
  }
}
