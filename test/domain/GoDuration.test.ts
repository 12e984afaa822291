import { assert, it } from "@effect/vitest"
import { parseGoDuration } from "../../src/domain/GoDuration.ts"

const readings: ReadonlyArray<readonly [text: string, ms: number]> = [
  ["0", 0],
  ["0s", 0],
  ["+5s", 5000],
  ["-5s", -5000],
  ["30s", 30_000],
  ["1h30m", 5_400_000],
  ["1m1s500ms", 61_500],
  ["1.5s", 1500],
  [".5s", 500],
  ["1.s", 1000],
  ["100us", 0.1],
  ["100\u00b5s", 0.1],
  ["100\u03bcs", 0.1],
  ["250ns", 0.00025],
  ["2562047h", 9_223_369_200_000_000 / 1000]
]

it("reads durations as Go does", () => {
  for (const [text, ms] of readings) assert.strictEqual(parseGoDuration(text), ms, text)
})

it("refuses what Go refuses", () => {
  for (const text of ["", "3", "1d", "s", ".s", "1h30", "1 s", "5S", "--5s", "1e3s", "2562048h"]) {
    assert.isUndefined(parseGoDuration(text), text)
  }
})
