/** What a look at the whole archive has found, as one page for a browser and for print. */
import type { Finding } from "../../streams/archive/Finding.ts"
import type { VerifiedPartition } from "../../streams/VerifyArchive.ts"
import { topicPartitionName } from "../domain/TopicPartition.ts"
import { coveragePicture, lineOf } from "./CoveragePicture.ts"
import { byteSize, counted } from "./Table.ts"
import { pageStyle } from "./VerifyPageStyle.ts"
import type { VerifyReport } from "./VerifyReport.ts"
import { errorsIn, inOrder, recordsIn, sumOf, unarchivedOffsets } from "./VerifyReport.ts"

/** More than anybody reads; the JSON has them all. */
const mostFindings = 1000

/** Bars of sizes over time: days, or several days together. */
const mostBars = 60

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll("\"", "&quot;")

const number = (value: bigint | number): string => value.toLocaleString("en")

const figure = (name: string, value: string): string =>
  `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`

const placeOf = ({ partition, topic }: Finding): string =>
  partition === undefined ? topic : topicPartitionName({ topic, partition })

const row = (finding: Finding): string => {
  const { key, kind, message, severity } = finding
  const file = key === undefined ? "" : `<br><code>${escaped(key)}</code>`
  return `<tr class="${severity}"><td>${severity}</td><td>${kind}</td>` +
    `<td>${escaped(placeOf(finding))}</td><td>${escaped(message)}${file}</td></tr>`
}

const findingsPart = (findings: ReadonlyArray<Finding>): string => {
  if (findings.length === 0) return ""
  const left = findings.length - mostFindings
  const more = left > 0 ? `<p>And ${number(left)} more, in the JSON beside this page.</p>` : ""
  const rows = inOrder(findings).slice(0, mostFindings).map(row).join("\n")
  return `<section><h2>Findings</h2><div class="scroll"><table><thead><tr><th>Severity</th>` +
    `<th>Kind</th><th>Partition</th><th>Detail</th></tr></thead>` +
    `<tbody>${rows}</tbody></table></div>${more}</section>`
}

interface Life {
  readonly name: string
  readonly partitions: ReadonlyArray<VerifiedPartition>
}

/** Topics by name, each life on its own; partitions in ascending order. */
const livesOf = (partitions: ReadonlyArray<VerifiedPartition>): ReadonlyArray<Life> => {
  const lives = new Map<string, Array<VerifiedPartition>>()
  for (const partition of partitions) {
    const { topic, topicId } = partition
    const name = topicId === undefined ? topic : `${topic} (generation ${topicId})`
    const found = lives.get(name) ?? []
    lives.set(name, found)
    found.push(partition)
  }
  return [...lives].map(([name, found]) => (
    { name, partitions: found.toSorted((a, b) => a.partition - b.partition) }
  )).sort((a, b) => a.name < b.name ? -1 : 1)
}

const lifePart = ({ name, partitions }: Life): string => {
  const line = lineOf(partitions)
  const rows = partitions.map((partition) => {
    const label = `partition ${partition.partition}: ${counted(partition.files, "file")}`
    return `<li><span>${partition.partition}</span>${coveragePicture(partition, line, label)}</li>`
  })
  const summary = [
    counted(partitions.length, "partition"),
    counted(sumOf(partitions, "files"), "file"),
    byteSize(sumOf(partitions, "bytes")),
    `${number(sumOf(partitions, "records"))} records`
  ].join(", ")
  return `<section class="topic"><h3>${escaped(name)}</h3><p>${summary}</p>` +
    `<ol class="coverage">${rows.join("\n")}</ol>` +
    `<p class="line"><span>offset ${number(line.from)}</span><span>${
      number(line.until)
    }</span></p>` +
    `</section>`
}

interface Bar {
  readonly from: string
  readonly until: string
  readonly bytes: number
}

const dayMs = 86_400_000

/** Every day from the first to the last, several together when there are many. */
const barsOf = (partitions: ReadonlyArray<VerifiedPartition>): ReadonlyArray<Bar> => {
  const byDay = new Map<string, number>()
  for (const { bytesByDay } of partitions) {
    for (const [day, bytes] of bytesByDay) byDay.set(day, (byDay.get(day) ?? 0) + bytes)
  }
  const known = [...byDay.keys()].sort()
  const first = Date.parse(known[0] ?? "")
  const last = Date.parse(known.at(-1) ?? "")
  if (Number.isNaN(first) || Number.isNaN(last)) return []
  const days = (last - first) / dayMs + 1
  const together = Math.ceil(days / mostBars)
  const dayAt = (at: number) => new Date(first + at * dayMs).toISOString().slice(0, 10)
  return Array.from({ length: Math.ceil(days / together) }, (_, bar) => {
    const inBar = Array.from(
      { length: Math.min(together, days - bar * together) },
      (_, at) => dayAt(bar * together + at)
    )
    return {
      from: inBar[0] ?? "",
      until: inBar.at(-1) ?? "",
      bytes: inBar.reduce((sum, day) => sum + (byDay.get(day) ?? 0), 0)
    }
  })
}

const sizesPart = (partitions: ReadonlyArray<VerifiedPartition>): string => {
  const bars = barsOf(partitions)
  const most = Math.max(0, ...bars.map(({ bytes }) => bytes))
  if (most === 0) return ""
  const drawn = bars.map(({ bytes, from, until }) => {
    const days = from === until ? from : `${from} to ${until}`
    const height = (100 * bytes / most).toFixed(1)
    return `<i style="height:${height}%" title="${days}: ${byteSize(bytes)}"></i>`
  })
  return `<section><h2>Sizes over time</h2>` +
    `<p>Bytes of archive files by the day on which they were written, ${
      escaped(byteSize(most))
    } at most.</p>` +
    `<div class="bars" role="img" aria-label="bytes archived by day">${drawn.join("")}</div>` +
    `<p class="line"><span>${bars[0]?.from ?? ""}</span><span>${
      bars.at(-1)?.until ?? ""
    }</span></p>` +
    `</section>`
}

const legend = `<p class="legend"><b class="archived"></b> archived, a line where a file begins ` +
  `<b class="hole"></b> hole <b class="damaged"></b> damaged <b class="unknown"></b> unknown</p>`

const verdictOf = ({ compared, findings, live }: VerifyReport): string => {
  const errors = errorsIn(findings)
  if (errors > 0) {
    return `<p class="verdict broken">Not all is as it should be: ${counted(errors, "error")}.</p>`
  }
  const others = [
    ...(compared.length === 0 ? [] : ["the restored topics"]),
    ...(live.length === 0 ? [] : ["the topics of the cluster"])
  ]
  const agreeing = others.length === 0 ? "" : `, and ${others.join(" and ")} agree with it`
  return `<p class="verdict whole">The archive is whole${agreeing}.</p>`
}

const comparedFigures = ({ compared, live }: VerifyReport): string =>
  [
    ...(compared.length === 0
      ? []
      : [figure("Restored records compared", number(recordsIn(compared)))]),
    ...(live.length === 0 ? [] : [
      figure("Live records compared", number(recordsIn(live))),
      figure("Offsets not archived yet", number(unarchivedOffsets(live)))
    ])
  ].join("")

/** `madeAt`: RFC 3339. Needs nothing but itself. */
export const verifyPage = (report: VerifyReport, madeAt: string): string => {
  const { archive, findings, partitions, prefix } = report
  const errors = errorsIn(findings)
  const verdict = verdictOf(report)
  const lives = livesOf(partitions)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Archive ${escaped(archive)} ${escaped(prefix)}</title>
<style>${pageStyle}</style></head><body><main>
<h1>Archive <code>${escaped(archive)}</code></h1>
${verdict}
<dl>${figure("Prefix", prefix === "" ? "(none)" : prefix)}${
    figure("Looked at", `${madeAt.slice(0, 16).replace("T", " ")} UTC`)
  }${figure("Topics", number(new Set(partitions.map(({ topic }) => topic)).size))}${
    figure("Partitions", number(partitions.length))
  }${figure("Files", number(sumOf(partitions, "files")))}${
    figure("Size", byteSize(sumOf(partitions, "bytes")))
  }${figure("Records", number(sumOf(partitions, "records")))}${comparedFigures(report)}${
    figure("Errors", number(errors))
  }${figure("Warnings", number(findings.length - errors))}</dl>
${findingsPart(findings)}
${sizesPart(partitions)}
<section><h2>Coverage</h2>${legend}</section>
${lives.map(lifePart).join("\n")}
</main></body></html>
`
}
