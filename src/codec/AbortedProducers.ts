/**
 * Which batches of a fetch belong to aborted transactions, by the rules of the Java client
 * (org.apache.kafka.clients.consumer.internals.CompletedFetch).
 */
import type { BatchHeader } from "./RecordBatch.ts"
import { lastOffset } from "./RecordBatch.ts"

export interface AbortedTransactionStart {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export class AbortedProducers {
  /** By first offset, the next one last; the broker's order is that of the abort markers. */
  private readonly starts: Array<AbortedTransactionStart>
  private readonly active = new Set<bigint>()

  constructor(aborted: ReadonlyArray<AbortedTransactionStart>) {
    this.starts = [...aborted].sort((a, b) => Number(b.firstOffset - a.firstOffset))
  }

  /** To be called for every batch with a producer id, in offset order, before the others. */
  advance(header: BatchHeader): void {
    const last = lastOffset(header)
    for (let start = this.starts.at(-1); start !== undefined; start = this.starts.at(-1)) {
      if (start.firstOffset > last) return
      this.active.add(start.producerId)
      this.starts.pop()
    }
  }

  /** An abort marker: what the producer writes from here on is another transaction. */
  end(producerId: bigint): void {
    this.active.delete(producerId)
  }

  has(header: BatchHeader): boolean {
    return header.transactional && this.active.has(header.producerId)
  }
}
