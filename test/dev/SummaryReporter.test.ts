/** The last line of a test run says what automation reads from it. */
import { assert, describe, it } from "@effect/vitest"
import { summaryLine } from "../../dev/ci/SummaryReporter.ts"

describe("summaryLine", () => {
  it.each([
    [{ passed: 12, failed: 0, skipped: 0 }, "12 passed, 0 failed"],
    [{ passed: 1, failed: 2, skipped: 3 }, "1 passed, 2 failed, 3 skipped"]
  ])("of %o", (counts, line) => {
    assert.strictEqual(summaryLine(counts), line)
  })
})
