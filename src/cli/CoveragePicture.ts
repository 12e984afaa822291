/** The offset lines of a topic's partitions, as SVG that takes whatever width it is given. */
import type { Span, SpanKind } from "../../streams/archive/Coverage.ts"
import type { VerifiedPartition } from "../../streams/VerifyArchive.ts"

/** Units of the picture from its left to its right end. */
const width = 1000
const height = 12

/** Narrower than this, a span could not be seen. */
const narrowest = 1.5

/** Lines between files are drawn as long as they can be told apart. */
const mostMarks = 100

export interface OffsetLine {
  readonly from: bigint
  readonly until: bigint
}

/** The offsets of all of them. */
export const lineOf = (partitions: ReadonlyArray<VerifiedPartition>): OffsetLine => {
  const spans = partitions.flatMap((partition) => partition.spans)
  const [first] = spans
  if (first === undefined) return { from: 0n, until: 1n }
  return spans.reduce<OffsetLine>((line, span) => ({
    from: span.from < line.from ? span.from : line.from,
    until: span.until > line.until ? span.until : line.until
  }), first)
}

const place = (offset: bigint, { from, until }: OffsetLine): number =>
  Number(((offset - from) * 1_000_000n) / (until - from)) * width / 1_000_000

const short = (value: number): string => String(Math.round(value * 10) / 10)

const box = (span: Span, line: OffsetLine): string => {
  const start = place(span.from, line)
  const length = Math.max(narrowest, place(span.until, line) - start)
  return `M${short(Math.min(start, width - length))} 0h${short(length)}v${height}h-${
    short(length)
  }z`
}

const path = (kind: SpanKind, spans: ReadonlyArray<Span>, line: OffsetLine): string => {
  const boxes = spans.filter((span) => span.kind === kind).map((span) => box(span, line))
  return boxes.length === 0 ? "" : `<path class="${kind}" d="${boxes.join("")}"/>`
}

const marks = (spans: ReadonlyArray<Span>, line: OffsetLine): string => {
  const starts = spans.filter(({ files }) => files > 0).slice(1)
  if (starts.length === 0 || starts.length > mostMarks) return ""
  const lines = starts.map(({ from }) => `M${short(place(from, line))} 0v${height}`)
  return `<path class="mark" d="${lines.join("")}"/>`
}

/** Errors are drawn last, so that nothing hides them. */
const kinds: ReadonlyArray<SpanKind> = ["archived", "unknown", "hole", "damaged"]

/** `label`: for those who cannot see it. */
export const coveragePicture = (
  { spans }: VerifiedPartition,
  line: OffsetLine,
  label: string
): string =>
  `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${label}">` +
  `${kinds.map((kind) => path(kind, spans, line)).join("")}${marks(spans, line)}</svg>`
