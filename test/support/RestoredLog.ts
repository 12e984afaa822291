/** Restored partitions as restores, others and the broker leave them, and what is true of them. */
import fc from "fast-check"
import { buildBatch, buildMarker, plainRecord } from "./Batches.ts"
import type { MemoryLog } from "./kafka/MemoryLog.ts"

/** A record to write: how far its source offset is from the one before, or of somebody else. */
export type Shape = number | "foreign" | "misnamed" | "hole"

export type RestoredStep =
  | { readonly do: "write"; readonly shapes: ReadonlyArray<Shape>; readonly bytes: number }
  | { readonly do: "begin"; readonly producer: number; readonly records: number }
  | { readonly do: "end"; readonly producer: number; readonly commit: boolean }
  /** Compaction takes the batch before the last one. */
  | { readonly do: "compact" }

const anyShape = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5, max: 10_000 }) },
  { weight: 1, arbitrary: fc.constantFrom("foreign" as const, "misnamed" as const) },
  { weight: 1, arbitrary: fc.constant("hole" as const) }
)

const producer = fc.integer({ min: 1, max: 3 })

export const anyRestoredLog = (largest: number, longest: number) =>
  fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant("write" as const),
          shapes: fc.array(anyShape, { minLength: 1, maxLength: 8 }),
          bytes: fc.nat({ max: largest })
        })
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant("write" as const),
          shapes: fc.array(fc.constantFrom("foreign" as const, "hole" as const), {
            minLength: 1,
            maxLength: 5
          }),
          bytes: fc.nat({ max: largest })
        })
      },
      fc.record({
        do: fc.constant("begin" as const),
        producer,
        records: fc.integer({ min: 1, max: 4 })
      }),
      fc.record({ do: fc.constant("end" as const), producer, commit: fc.boolean() }),
      fc.record({ do: fc.constant("compact" as const) })
    ),
    { maxLength: longest }
  )

/** A producer that never commits; its records look like restored ones. */
const aborting = 3

const header = Buffer.from("restore.source-offset")

/** The header that a restore writes, then one that the source had of the same name. */
const carrying = (source: bigint) =>
  [[header, Buffer.from(String(source))], [header, Buffer.from("3")]] as const

interface Entry {
  readonly offset: bigint
  readonly source: bigint | undefined
  readonly batch: bigint
}

export interface Truth {
  readonly start: bigint
  readonly end: bigint
  readonly last: { readonly source: bigint; readonly target: bigint } | undefined
  readonly afterLast: bigint
  readonly positions: ReadonlyMap<bigint, bigint>
}

/** Writes into a log, and keeps the books by what was done. */
export class RestoredLog {
  readonly log: MemoryLog
  #entries: Array<Entry> = []
  /** Batches of the open transactions, by producer. */
  readonly #open = new Map<number, ReadonlyArray<bigint>>()
  #source: bigint

  /** `firstSource`: below the source offset of the first record. */
  constructor(log: MemoryLog, firstSource = -1n) {
    this.log = log
    this.#source = firstSource
  }

  /** Source offset of the last record written. */
  get source(): bigint {
    return this.#source
  }

  write(shapes: ReadonlyArray<Shape>, bytes: number): void {
    const batch = this.log.logEnd
    const value = Buffer.alloc(bytes, "x")
    const records = shapes.flatMap((shape, offsetDelta) => {
      if (shape === "hole") return []
      if (typeof shape === "number") this.#source += BigInt(shape)
      const source = typeof shape === "number" ? this.#source : undefined
      this.#entries.push({ offset: batch + BigInt(offsetDelta), source, batch })
      const headers = source !== undefined
        ? carrying(source)
        : shape === "misnamed"
        ? [[header, Buffer.from("12x")], [header, Buffer.from("7")]] as const
        : []
      return [plainRecord({ offsetDelta, value, headers })]
    })
    const times = { baseTimestamp: 0n, maxTimestamp: 0n }
    this.log.append(buildBatch(records, { ...times, lastOffsetDelta: shapes.length - 1 }))
  }

  /** Records of somebody else inside a transaction. */
  begin(producerId: number, count: number): void {
    const batch = this.log.logEnd
    this.#open.set(producerId, [...(this.#open.get(producerId) ?? []), batch])
    const headers = producerId === aborting ? carrying(7n) : []
    const records = Array.from({ length: count }, (_, offsetDelta) => {
      this.#entries.push({ offset: batch + BigInt(offsetDelta), source: undefined, batch })
      return plainRecord({ offsetDelta, key: Buffer.alloc(4), headers })
    })
    const fields = { producerId: BigInt(producerId), producerEpoch: 0, baseSequence: 0 }
    this.log.append(buildBatch(records, { ...fields, transactional: true }))
  }

  end(producer: number, commit: boolean): void {
    const written = this.#open.get(producer)
    if (written === undefined) return
    this.#open.delete(producer)
    const commits = commit && producer !== aborting
    if (!commits) this.#entries = this.#entries.filter(({ batch }) => !written.includes(batch))
    const type = commits ? "commit" : "abort"
    this.log.append(buildMarker(type, { producerId: BigInt(producer) }))
  }

  compact(): void {
    const victim = this.log.batches.at(-2)?.header
    if (victim === undefined || victim.control || this.#open.size > 0) return
    this.log.compact(({ header }) => header.baseOffset !== victim.baseOffset)
    this.#entries = this.#entries.filter(({ batch }) => batch !== victim.baseOffset)
  }

  play(step: RestoredStep): void {
    if (step.do === "write") this.write(step.shapes, step.bytes)
    else if (step.do === "begin") this.begin(step.producer, step.records)
    else if (step.do === "end") this.end(step.producer, step.commit)
    else this.compact()
  }

  /** By a look at every record. */
  truth(wanted: Iterable<bigint>): Truth {
    const start = this.log.logStart
    let end = this.log.logEnd
    for (const [first] of this.#open.values()) if (first !== undefined && first < end) end = first
    const visible = this.#entries.filter(({ offset }) => offset >= start && offset < end)
    const restored = visible.flatMap(({ offset: target, source }) =>
      source === undefined ? [] : [{ source, target }]
    )
    const [first, last] = [restored[0], restored.at(-1)]
    const positions = new Map<bigint, bigint>()
    for (const source of wanted) {
      const found = restored.find((one) => one.source >= source)
      if (first === undefined || found === undefined) continue
      positions.set(source, source < first.source ? start : found.target)
    }
    const followed = last !== undefined && visible.some(({ offset }) => offset > last.target)
    const afterLast = last === undefined ? start : followed ? last.target + 1n : end
    return { start, end, last, afterLast, positions }
  }
}
