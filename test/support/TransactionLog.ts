/**
 * A partition with transactions, simulated: the batches, and for each what read_committed should
 * make of it, known from how its transaction was made to end and not from any marker.
 */
import { Buffer } from "node:buffer"
import { buildBatch, buildMarker, plainRecord } from "./Batches.ts"

export type Step =
  /** `transactional: false`: idempotent only. */
  | {
    readonly do: "write"
    readonly producer: number
    readonly records: number
    readonly transactional: boolean
  }
  | { readonly do: "end"; readonly producer: number; readonly commit: boolean }
  | { readonly do: "plain"; readonly records: number }

export interface LoggedBatch {
  readonly bytes: Buffer
  readonly first: bigint
  readonly next: bigint
  readonly kind: "data" | "control" | "aborted"
}

interface Transaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
  /** Offset of the marker, once there is one. */
  lastOffset: bigint | undefined
  commit: boolean
}

interface Entry {
  readonly bytes: Buffer
  readonly first: bigint
  readonly next: bigint
  readonly transaction: Transaction | undefined
  readonly control: boolean
}

/** Int32 0, as Java's IntegerSerializer writes it, is also the key of an abort marker. */
const trapKey = Buffer.alloc(4)

const records = (count: number) =>
  Array.from({ length: count }, (_, offsetDelta) => plainRecord({ key: trapKey, offsetDelta }))

/** Transactions still open at the end are aborted. */
export const simulate = (steps: ReadonlyArray<Step>) => {
  const entries: Array<Entry> = []
  const open = new Map<number, Transaction>()
  const ended: Array<Transaction> = []
  let offset = 0n

  const add = (bytes: Buffer, count: number, transaction?: Transaction, control = false) => {
    entries.push({ bytes, first: offset, next: offset += BigInt(count), transaction, control })
  }
  const end = (producer: number, commit: boolean) => {
    const transaction = open.get(producer)
    if (transaction === undefined) return
    open.delete(producer)
    transaction.commit = commit
    transaction.lastOffset = offset
    ended.push(transaction)
    const fields = { producerId: transaction.producerId, baseOffset: offset }
    add(buildMarker(commit ? "commit" : "abort", fields), 1, transaction, true)
  }

  for (const step of steps) {
    if (step.do === "end") end(step.producer, step.commit)
    else if (step.do === "plain") {
      add(buildBatch(records(step.records), { baseOffset: offset }), step.records)
    } else {
      const { producer, transactional } = step
      const producerId = BigInt(producer)
      const started = open.get(producer)
      // A producer inside a transaction writes nothing outside of it.
      const inside = transactional || started !== undefined
      const transaction = inside
        ? started ?? { producerId, firstOffset: offset, lastOffset: undefined, commit: false }
        : undefined
      if (transaction !== undefined) open.set(producer, transaction)
      const fields = { producerId, baseOffset: offset, transactional: inside, baseSequence: 0 }
      add(buildBatch(records(step.records), fields), step.records, transaction)
    }
  }
  for (const producer of open.keys()) end(producer, false)

  const batches = entries.map(({ bytes, control, first, next, transaction }): LoggedBatch => ({
    bytes,
    first,
    next,
    kind: control ? "control" : transaction?.commit === false ? "aborted" : "data"
  }))
  /** What a broker lists for a fetch: by marker, not by first offset. */
  const aborted = (from: bigint, until: bigint) =>
    ended
      .filter((one) => !one.commit && (one.lastOffset ?? 0n) >= from && one.firstOffset < until)
      .map(({ firstOffset, producerId }) => ({ producerId, firstOffset }))
  return { batches, aborted }
}
