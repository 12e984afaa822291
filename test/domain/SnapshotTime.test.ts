import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { historyKey, parseHistoryKey } from "../../src/domain/HistoryKey.ts"
import { formatSnapshotTime, parseSnapshotTime } from "../../src/domain/SnapshotTime.ts"

const anyTime = fc.integer({ min: Date.UTC(1970), max: Date.UTC(9999, 11, 31) })

describe("snapshot time", () => {
  it("is written so that keys sort as time does", () => {
    assert.strictEqual(
      formatSnapshotTime(Date.UTC(2026, 10, 22, 20, 5, 0, 123)),
      "20261122T200500.123Z"
    )
    fc.assert(fc.property(anyTime, anyTime, (one, other) => {
      assert.strictEqual(formatSnapshotTime(one) < formatSnapshotTime(other), one < other)
    }))
  })

  it("comes back as it was, from both formats", () => {
    fc.assert(fc.property(anyTime, (timeMs) => {
      assert.strictEqual(parseSnapshotTime(formatSnapshotTime(timeMs)), timeMs)
      assert.strictEqual(parseSnapshotTime(new Date(timeMs).toISOString()), timeMs)
    }))
  })

  it("is read in the forms that users write", () => {
    const at = Date.UTC(2026, 10, 22, 20, 5)
    const same = [
      "2026-11-22T20:05:00Z",
      "2026-11-22T20:05Z",
      "2026-11-22T20:05",
      "2026-11-22T20:05:00.0000009Z",
      "20261122T200500Z",
      "20261122T2005",
      "2026-11-22T21:05+01:00",
      "2026-11-22T21:05:00.000+0100",
      "2026-11-22T12:05-08",
      "2026-11-23T01:50:00+05:45"
    ]
    for (const text of same) assert.strictEqual(parseSnapshotTime(text), at, text)
    assert.strictEqual(parseSnapshotTime("2026-11-22"), Date.UTC(2026, 10, 22))
    assert.strictEqual(parseSnapshotTime("2026-11-22T20:05:00.5Z"), at + 500)
    assert.strictEqual(parseSnapshotTime("2026-11-22T20:05:00.1239"), at + 123)
  })

  it("is nothing else", () => {
    const junk = [
      "",
      "latest",
      "2026",
      "2026-11",
      "2026-13-01",
      "2026-02-29",
      "2026-11-31T00:00Z",
      "2026-11-22T24:00Z",
      "2026-11-22T20:60Z",
      "2026-11-22T20:05:60Z",
      "2026-11-22T20Z",
      "2026-11-22Z",
      "2026-11-22T20:05+24:00",
      "2026-11-22T20:05+01:60",
      "2026-11-22T20:05 Z",
      "2026-11-22T20:05Z\n",
      "2026-11-22T20:05:00.Z",
      "1763841900",
      "-2026-11-22"
    ]
    for (const text of junk) assert.strictEqual(parseSnapshotTime(text), undefined, text)
    assert.isDefined(parseSnapshotTime("2028-02-29"))
  })

  it("is read from keys of the history of the location, and from no others", () => {
    const location = "groups/eu.avro"
    fc.assert(fc.property(anyTime, (timeMs) => {
      assert.strictEqual(parseHistoryKey(location, historyKey(location, timeMs)), timeMs)
    }))
    const others = [
      "groups/eu.avro.history/",
      "groups/eu.avro.history/20261122T200500.123Z",
      "groups/eu.avro.history/20261122T200500Z.avro",
      "groups/eu.avro.history/2026-11-22T20:05:00.123Z.avro",
      "groups/eu.avro.history/20261122T200500.123Z.avro.tmp",
      "groups/eu.avro.history/old/20261122T200500.123Z.avro",
      "groups/us.avro.history/20261122T200500.123Z.avro"
    ]
    for (const key of others) assert.strictEqual(parseHistoryKey(location, key), undefined, key)
  })
})
