/** Partition logs as transactions, compaction and retention leave them, and what is true of them. */
import fc from "fast-check"
import { buildBatch, buildMarker, plainRecord } from "./Batches.ts"
import type { MemoryLog } from "./kafka/MemoryLog.ts"

export type LogStep =
  /** `holes`: whether there is no record any more at that offset of the batch. */
  | { readonly do: "plain"; readonly holes: ReadonlyArray<boolean>; readonly bytes: number }
  | { readonly do: "write"; readonly producer: number; readonly records: number }
  | { readonly do: "end"; readonly producer: number; readonly commit: boolean }
  /** Compaction removes the batch before the last one, unless it is a marker. */
  | { readonly do: "compact" }
  /** The backup runs. */
  | { readonly do: "backup" }

export const anyLog = (largest: number): fc.Arbitrary<ReadonlyArray<LogStep>> =>
  fc.array(
    fc.oneof(
      fc.record({
        do: fc.constant("plain" as const),
        holes: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        bytes: fc.nat({ max: largest })
      }),
      fc.record({
        do: fc.constant("write" as const),
        producer: fc.integer({ min: 1, max: 3 }),
        records: fc.integer({ min: 1, max: 4 })
      }),
      fc.record({
        do: fc.constant("end" as const),
        producer: fc.integer({ min: 1, max: 3 }),
        commit: fc.boolean()
      }),
      fc.record({ do: fc.constant("compact" as const) }),
      fc.record({ do: fc.constant("backup" as const) })
    ),
    { maxLength: 30 }
  )

interface Batch {
  readonly offsets: ReadonlyArray<number>
  readonly first: number
  readonly next: number
  kind: "data" | "control" | "aborted"
}

/** Writes the steps into a log, and keeps the books by what was done, not by what is read. */
export class LogBook {
  readonly #log: MemoryLog
  readonly #batches: Array<Batch> = []
  readonly #open = new Map<number, Array<Batch>>()
  #settled = 0

  constructor(log: MemoryLog) {
    this.#log = log
  }

  #add(bytes: Buffer, offsets: ReadonlyArray<number>, next: number, kind: Batch["kind"]): Batch {
    const batch = { offsets, first: Number(this.#log.logEnd), next, kind }
    this.#log.append(bytes)
    this.#batches.push(batch)
    return batch
  }

  play(step: LogStep): void {
    const base = Number(this.#log.logEnd)
    if (step.do === "plain") {
      const deltas = step.holes.flatMap((hole, delta) => hole ? [] : [delta])
      const value = Buffer.alloc(step.bytes, "x")
      const records = deltas.map((offsetDelta) => plainRecord({ offsetDelta, value }))
      const lastOffsetDelta = step.holes.length - 1
      const offsets = deltas.map((delta) => base + delta)
      const bytes = buildBatch(records, { lastOffsetDelta, baseTimestamp: 0n, maxTimestamp: 0n })
      this.#add(bytes, offsets, base + step.holes.length, "data")
    } else if (step.do === "write") {
      const { producer, records } = step
      const content = Array.from(
        { length: records },
        (_, offsetDelta) => plainRecord({ offsetDelta, key: Buffer.alloc(4) })
      )
      const fields = { producerId: BigInt(producer), producerEpoch: 0, baseSequence: 0 }
      const bytes = buildBatch(content, { ...fields, transactional: true })
      const offsets = content.map(({ offsetDelta }) => base + offsetDelta)
      const batch = this.#add(bytes, offsets, base + records, "data")
      this.#open.set(producer, [...(this.#open.get(producer) ?? []), batch])
    } else if (step.do === "end") this.end(step.producer, step.commit)
    else if (step.do === "compact") this.#compact()
  }

  end(producer: number, commit: boolean): void {
    const written = this.#open.get(producer)
    if (written === undefined) return
    this.#open.delete(producer)
    if (!commit) { for (const batch of written) batch.kind = "aborted" }
    const next = Number(this.#log.logEnd) + 1
    const bytes = buildMarker(commit ? "commit" : "abort", { producerId: BigInt(producer) })
    this.#add(bytes, [], next, "control")
  }

  endAll(): void {
    for (const producer of this.#open.keys()) this.end(producer, false)
  }

  /** A backup has come as far as it could: what is compacted now does not concern it any more. */
  backedUp(): void {
    this.#settled = Number(this.#log.lastStable)
  }

  #compact(): void {
    const at = this.#batches.length - 2
    const batch = this.#batches[at]
    // The cleaner leaves the end of the log, and transactions that are open.
    if (batch === undefined || batch.kind === "control" || this.#open.size > 0) return
    if (batch.first < this.#settled) return
    this.#log.compact(({ header }) => Number(header.baseOffset) !== batch.first)
    this.#batches.splice(at, 1)
  }

  /** Offsets of the records that a read_committed reader gets, of those between the two. */
  records(from: number, next: number): ReadonlyArray<number> {
    return this.#batches.flatMap(({ kind, offsets }) => kind === "data" ? offsets : [])
      .filter((offset) => offset >= from && offset < next)
  }

  /** How many offsets between the two lie in batches of this kind. */
  span(kind: Batch["kind"], from: number, next: number): number {
    return this.#batches.filter((batch) => batch.kind === kind)
      .reduce(
        (sum, batch) => sum + Math.max(0, Math.min(next, batch.next) - Math.max(from, batch.first)),
        0
      )
  }
}
