import { assert, describe, it } from "@effect/vitest"
import type { GroupsReport } from "../../src/cli/GroupsReport.ts"
import { groupsJson, groupsTable } from "../../src/cli/GroupsReport.ts"
import type { PositionOutcome } from "../../src/domain/Translation.ts"

const outcome = (fields: Partial<PositionOutcome> = {}): PositionOutcome => ({
  group: "billing",
  topic: "orders.v1",
  partition: 0,
  sourceOffset: 227n,
  targetOffset: 205n,
  status: "exact",
  reason: "",
  lag: 12n,
  ...fields
})

const nothing = { targetOffset: undefined, lag: undefined }

const report = (
  positions: ReadonlyArray<PositionOutcome>,
  fields: Partial<GroupsReport> = {}
): GroupsReport => ({
  snapshot: {
    key: "groups.avro",
    facts: {
      clusterId: "MkU3OEVBNTcwNTJENDM2Qk",
      takenAtMs: Date.UTC(2026, 10, 22, 20, 5),
      complete: true,
      held: false
    }
  },
  positions,
  dryRun: false,
  fetches: 7,
  bytes: 1536,
  ...fields
})

describe("the table", () => {
  it("has aligned columns in order of group, topic and partition, and a summary", () => {
    const positions = [
      outcome({ group: "shipping", topic: "parcels", partition: 10, lag: 0n }),
      outcome({ partition: 2, status: "failed", reason: "no, because", ...nothing }),
      outcome({ partition: 10, status: "skipped", reason: "already at offset 205" }),
      outcome({ group: "shipping", sourceOffset: 9_007_199_254_740_993n, targetOffset: 0n })
    ]
    assert.strictEqual(
      groupsTable(report(positions)),
      [
        "GROUP     TOPIC      PARTITION            SOURCE  TARGET  STATUS   LAG  REASON",
        "billing   orders.v1          2               227       -  failed     -  no, because",
        "billing   orders.v1         10               227     205  skipped   12  already at offset 205",
        "shipping  orders.v1          0  9007199254740993       0  exact     12",
        "shipping  parcels           10               227     205  exact      0",
        "",
        "4 positions: 2 exact, 0 clamped, 1 skipped, 1 failed; search: 7 fetches, 1.5 KiB; " +
        "snapshot: groups.avro of 2026-11-22T20:05:00.000Z",
        ""
      ].join("\n")
    )
  })

  it("keeps a line a line, whatever a group is called", () => {
    const lines = groupsTable(report([
      outcome({ group: "", topic: "a" }),
      outcome({ group: "my\ngroup", topic: "a", reason: "one\n  two" })
    ])).split("\n")
    assert.match(lines[1] ?? "", /^"" +a +0 /)
    assert.match(lines[2] ?? "", /^"my\\ngroup"  a .* one   two$/)
  })

  it("says what is not known of a snapshot, and what is wrong with it", () => {
    const facts = { clusterId: "c", takenAtMs: 0, complete: false, held: false }
    const positions = [outcome()]
    const unknown = report(positions, { snapshot: { key: "g.avro", facts: undefined } })
    const fields = { dryRun: true, fetches: 1, bytes: 0 }
    const incomplete = report([], { snapshot: { key: "g.avro", facts }, ...fields })
    assert.include(groupsTable(incomplete), "\ndry run, nothing is committed; 0 positions: ")
    assert.include(groupsTable(unknown), "1 position: 1 exact,")
    assert.isTrue(groupsTable(unknown).endsWith("; snapshot: g.avro\n"))
    assert.isTrue(
      groupsTable(incomplete).endsWith(
        "search: 1 fetch, 0 bytes; " +
          "snapshot: g.avro of 1970-01-01T00:00:00.000Z, which is incomplete\n"
      )
    )
  })

  it("of 10,000 lines is quick", () => {
    const positions = Array.from(
      { length: 10_000 },
      (_, at) => outcome({ group: `g-${at % 1000}`, partition: Math.floor(at / 1000) })
    )
    const start = performance.now()
    assert.strictEqual(groupsTable(report(positions)).split("\n").length, 10_004)
    assert.isBelow(performance.now() - start, 2000)
  })
})

describe("the JSON document", () => {
  it("has numbers where they are exact, text where not, null where nothing is known", () => {
    const parsed: unknown = JSON.parse(groupsJson(report([
      outcome({ sourceOffset: 9_007_199_254_740_993n }),
      outcome({ partition: 1, status: "failed", reason: "no", ...nothing })
    ])))
    assert.deepStrictEqual(parsed, {
      snapshot: {
        key: "groups.avro",
        takenAt: "2026-11-22T20:05:00.000Z",
        clusterId: "MkU3OEVBNTcwNTJENDM2Qk",
        complete: true
      },
      positions: [
        {
          group: "billing",
          topic: "orders.v1",
          partition: 0,
          sourceOffset: "9007199254740993",
          targetOffset: 205,
          status: "exact",
          lag: 12,
          reason: ""
        },
        {
          group: "billing",
          topic: "orders.v1",
          partition: 1,
          sourceOffset: 227,
          targetOffset: null,
          status: "failed",
          lag: null,
          reason: "no"
        }
      ],
      dryRun: false,
      summary: {
        positions: 2,
        exact: 1,
        clamped: 0,
        skipped: 0,
        failed: 1,
        fetches: 7,
        bytes: 1536
      }
    })
  })

  it("says null for a snapshot without facts", () => {
    const parsed: unknown = JSON.parse(
      groupsJson(report([], { snapshot: { key: "g.avro", facts: undefined } }))
    )
    assert.deepInclude(parsed, {
      snapshot: { key: "g.avro", takenAt: null, clusterId: null, complete: null },
      positions: []
    })
  })
})
