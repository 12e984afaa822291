import { assert, describe, it } from "@effect/vitest"
import { verifyPage } from "../../src/cli/VerifyPage.ts"
import type { VerifyReport } from "../../src/cli/VerifyReport.ts"
import { verifyJson, verifyTable } from "../../src/cli/VerifyReport.ts"
import type { Finding } from "../../streams/archive/Finding.ts"
import { unarchivedIn } from "../../streams/archive/Unarchived.ts"
import type { VerifiedPartition } from "../../streams/VerifyArchive.ts"

const partition: VerifiedPartition = {
  topic: "orders",
  topicId: undefined,
  partition: 3,
  files: 2,
  bytes: 2048,
  records: 1234,
  spans: [
    { kind: "archived", from: 0n, until: 500n, files: 1 },
    { kind: "hole", from: 500n, until: 501n, files: 0 },
    { kind: "damaged", from: 501n, until: 1000n, files: 1 }
  ],
  bytesByDay: new Map([["2026-11-20", 1024], ["2026-11-22", 1024]])
}

const finding: Finding = {
  severity: "error",
  kind: "hole",
  topic: "orders",
  partition: 3,
  key: "a/<b>&\"c\".avro",
  message: "no file accounts for the offsets 500 to 500"
}

const warning: Finding = {
  severity: "warning",
  kind: "unknown",
  topic: "orders",
  partition: 3,
  key: undefined,
  message: "12 offsets have no record"
}

const report: VerifyReport = {
  archive: "s3://bucket",
  prefix: "topics",
  findings: [warning, finding],
  partitions: [partition],
  compared: [],
  live: []
}

const whole: VerifyReport = { ...report, findings: [] }

const page = (of: VerifyReport) => verifyPage(of, "2026-11-23T18:00:00.000Z")

const count = (text: string, part: string) => text.split(part).length - 1

describe("the page of archive-verify", () => {
  it("needs nothing but itself, and takes names as they are", () => {
    const html = page(report)
    assert.notMatch(html, /<script|<link|\bsrc=|https?:/)
    assert.include(html, "a/&lt;b&gt;&amp;&quot;c&quot;.avro")
    assert.notInclude(html, "<b>&")
  })

  it("has the verdict, the findings in order, and a picture of each partition", () => {
    const html = page(report)
    assert.include(html, "Not all is as it should be: 1 error.")
    assert.isBelow(html.indexOf("no file accounts"), html.indexOf("12 offsets"))
    assert.strictEqual(count(html, "<svg"), 1)
    for (const kind of ["archived", "hole", "damaged"]) {
      assert.strictEqual(count(html, `<path class="${kind}"`), 1)
    }
    // A bar for each day, the one without a file too.
    assert.strictEqual(count(html, "<i style"), 3)
    assert.include(page(whole), "The archive is whole.")
    assert.notInclude(page(whole), "<h2>Findings")
  })

  it("puts 3,000 partitions and many years into a page of some megabytes", () => {
    const many = Array.from({ length: 3000 }, (_, at) => ({ ...partition, partition: at }))
    const [first] = many
    const old = { ...partition, bytesByDay: new Map([["1999-01-01", 1]]) }
    const html = page({ ...whole, partitions: first === undefined ? [] : [old, ...many] })
    assert.isBelow(html.length, 3_000_000)
    assert.isAtMost(count(html, "<i style"), 60)
  })
})

describe("the result of archive-verify", () => {
  it("as a table has errors in front, and a summary", () => {
    const lines = verifyTable(report).split("\n")
    assert.match(lines[1] ?? "", /^error +hole +orders +3 /)
    assert.strictEqual(
      lines.at(-2),
      "1 topic, 1 partition, 2 files, 2.0 KiB, 1234 records, 1 error, 1 warning"
    )
    assert.strictEqual(verifyTable(whole).split("\n").length, 2)
  })

  it("says what was compared, and what is not archived yet", () => {
    const compared = [{ topic: "r.orders", partition: 0, records: 7 }]
    const live = [
      { topic: "orders", partition: 0, records: 5, unarchivedFrom: 90n, unarchivedUntil: 100n },
      { topic: "orders", partition: 1, records: 4, unarchivedFrom: 3n, unarchivedUntil: 3n }
    ]
    const both = { ...whole, compared, live }
    assert.include(
      verifyTable(both),
      "7 records compared with 1 restored partition, 9 records compared with 2 live partitions, " +
        "10 offsets not archived yet, 0 errors"
    )
    assert.include(
      page(both),
      "The archive is whole, and the restored topics and the topics of the cluster agree with it."
    )
    assert.include(page(both), "<dt>Offsets not archived yet</dt><dd>10</dd>")
    assert.deepInclude(JSON.parse(verifyJson(both)), {
      live: [
        { topic: "orders", partition: 0, records: 5, unarchived: { from: 90, to: 100 } },
        { topic: "orders", partition: 1, records: 4, unarchived: { from: 3, to: 3 } }
      ]
    })
    assert.deepStrictEqual(unarchivedIn(live).map(({ message, severity }) => [severity, message]), [
      ["warning", "10 offsets of the log are not archived yet: partition 0 from 90 on"]
    ])
  })

  it("as JSON has everything", () => {
    const document: unknown = JSON.parse(verifyJson(report))
    assert.deepInclude(document, {
      archive: "s3://bucket",
      summary: { partitions: 1, files: 2, bytes: 2048, records: 1234, errors: 1, warnings: 1 }
    })
  })
})
