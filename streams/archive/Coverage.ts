/** The offset line of a partition: what is archived of it, in few spans however many files. */

export type SpanKind =
  /** Accounted for by files, or at least between the first and the last record of one. */
  | "archived"
  /** Files of which something is wrong. */
  | "damaged"
  /** Accounted for by no file. */
  | "hole"
  /** Between files that do not say what they account for. */
  | "unknown"

/** Offsets `from` to before `until`. */
export interface Span {
  readonly kind: SpanKind
  readonly from: bigint
  readonly until: bigint
  /** Files in it; 0 between files. */
  readonly files: number
}

/** Spans of one partition: more than a picture can show. */
const mostSpans = 512

/** Neighbours of the same kind, two by two. */
const halved = (spans: ReadonlyArray<Span>): ReadonlyArray<Span> => {
  const merged: Array<Span> = []
  let isOpen = false
  for (const span of spans) {
    const last = merged.at(-1)
    if (isOpen && last !== undefined && last.kind === span.kind && last.until === span.from) {
      merged[merged.length - 1] = { ...last, until: span.until, files: last.files + span.files }
      isOpen = false
    } else {
      merged.push(span)
      isOpen = true
    }
  }
  return merged
}

export class Coverage {
  #spans: ReadonlyArray<Span> = []

  /** In offset order. What is in spans before it already is left out. */
  add(span: Span): void {
    const end = this.#spans.at(-1)?.until
    const from = end !== undefined && end > span.from ? end : span.from
    if (from >= span.until) return
    const spans = [...this.#spans, { ...span, from }]
    this.#spans = spans.length > mostSpans ? halved(spans) : spans
  }

  get spans(): ReadonlyArray<Span> {
    return this.#spans
  }
}
