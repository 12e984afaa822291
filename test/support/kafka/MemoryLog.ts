/** One partition of the cluster in memory: whole record batches, appended as a broker appends. */
import type { AbortedTransaction } from "../../../services/Kafka.ts"
import type { KafkaErrorName } from "../../../src/codec/kafka/ErrorCodes.ts"
import type { BatchHeader } from "../../../src/codec/RecordBatch.ts"
import { nextOffset, readBatchHeader } from "../../../src/codec/RecordBatch.ts"
import type { TopicPartition } from "../../../src/domain/TopicPartition.ts"
import { ProducerStates } from "./ProducerStates.ts"

export interface StoredBatch {
  readonly bytes: Buffer
  readonly header: BatchHeader
}

interface Aborted extends AbortedTransaction {
  /** Of the marker. */
  readonly lastOffset: bigint
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** Byte position of the type in the key of a control record as everybody writes it. */
const controlTypeAt = 61 + 5 + 2

export class MemoryLog {
  readonly source: TopicPartition
  readonly producers = new ProducerStates()
  readonly batches: Array<StoredBatch> = []
  readonly aborted: Array<Aborted> = []
  readonly #open = new Map<bigint, bigint>()
  leader: number
  /** Where each leader epoch begins, as the broker's leader-epoch-checkpoint has it. */
  readonly #epochs = new Map<number, bigint>([[0, 0n]])
  #leaderEpoch = 0
  /** Answer to every request for this partition, until it is undefined again. */
  error: KafkaErrorName | undefined = undefined
  logStart = 0n
  logEnd = 0n
  /** When set, the high watermark stays here. */
  heldHighWatermark: bigint | undefined = undefined
  /** When set, the last stable offset is no higher than this. */
  heldStable: bigint | undefined = undefined

  constructor(source: TopicPartition, leader: number) {
    this.source = source
    this.leader = leader
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /** A new leader begins its epoch at the end of the log. */
  set leaderEpoch(epoch: number) {
    this.#leaderEpoch = epoch
    this.#epochs.set(epoch, this.logEnd)
  }

  get highWatermark(): bigint {
    return this.heldHighWatermark ?? this.logEnd
  }

  /** As the open transactions leave it. */
  get lastStable(): bigint {
    let stable = this.highWatermark
    for (const first of this.#open.values()) stable = least(stable, first)
    return this.heldStable === undefined ? stable : least(stable, this.heldStable)
  }

  /** Appends a batch as it is, its base offset included: gaps come in this way. */
  load(bytes: Buffer): StoredBatch {
    const header = readBatchHeader(bytes, 0, this.source)
    if (header === undefined || header.end !== bytes.length) throw new Error("not one whole batch")
    if (header.baseOffset < this.logEnd) {
      throw new Error(`offset ${header.baseOffset} is taken, the log ends at ${this.logEnd}`)
    }
    const stored = { bytes, header }
    this.batches.push(stored)
    this.logEnd = nextOffset(header)
    this.producers.remember(header, header.baseOffset)
    this.#follow(header, bytes)
    return stored
  }

  /** Appends a copy of the batch at the end of the log, in the current leader epoch. */
  append(batch: Uint8Array): StoredBatch {
    const bytes = Buffer.from(batch)
    bytes.writeBigInt64BE(this.logEnd, 0)
    bytes.writeInt32BE(this.leaderEpoch, 12)
    return this.load(bytes)
  }

  #follow({ baseOffset, control, producerId, transactional }: BatchHeader, bytes: Buffer): void {
    if (!transactional) return
    const firstOffset = this.#open.get(producerId)
    if (!control) this.#open.set(producerId, firstOffset ?? baseOffset)
    else if (firstOffset !== undefined) {
      this.#open.delete(producerId)
      const commits = bytes.readInt16BE(controlTypeAt) === 1
      if (!commits) this.aborted.push({ producerId, firstOffset, lastOffset: baseOffset })
    }
  }

  /**
   * Batches from the one that holds `offset` on, below `upper`, cut off at `maxBytes`; the first
   * comes whole if `firstWhole`, and is left out if it cannot come whole (since version 3).
   */
  read(offset: bigint, upper: bigint, maxBytes: number, firstWhole: boolean): Buffer {
    const parts: Array<Buffer> = []
    let size = 0
    for (const { bytes, header } of this.batches) {
      if (nextOffset(header) <= offset) continue
      if (header.baseOffset >= upper || (size >= maxBytes && (size > 0 || !firstWhole))) break
      parts.push(bytes)
      size += bytes.length
    }
    const first = parts[0]?.length ?? 0
    if (!firstWhole && first > maxBytes) return Buffer.alloc(0)
    const whole = firstWhole ? first : 0
    return Buffer.concat(parts).subarray(0, Math.max(whole, maxBytes))
  }

  /** Of transactions with offsets in `[offset, upper)`, in the order of their markers. */
  abortedBetween(offset: bigint, upper: bigint): Array<AbortedTransaction> {
    return this.aborted
      .filter(({ firstOffset, lastOffset }) => lastOffset >= offset && firstOffset < upper)
      .map(({ firstOffset, producerId }) => ({ firstOffset, producerId }))
  }

  /** Retention: the log starts at `offset` from now on. */
  deleteBefore(offset: bigint): void {
    this.logStart = offset
    if (offset > this.logEnd) this.logEnd = offset
    const kept = this.batches.filter(({ header }) => nextOffset(header) > offset)
    this.batches.splice(0, this.batches.length, ...kept)
  }

  /** An unclean election: everything from `offset` on is gone, and will be written again. */
  truncateTo(offset: bigint): void {
    const kept = this.batches.filter(({ header }) => header.baseOffset < offset)
    this.batches.splice(0, this.batches.length, ...kept)
    this.logEnd = least(this.logEnd, offset)
    for (const [epoch, start] of this.#epochs) if (start >= offset) this.#epochs.delete(epoch)
    this.leaderEpoch++
  }

  /** The epoch, or the largest before it in the log, and where it ends; as a broker answers. */
  endOf(leaderEpoch: number): { readonly leaderEpoch: number; readonly endOffset: bigint } {
    if (leaderEpoch === this.#leaderEpoch) return { leaderEpoch, endOffset: this.logEnd }
    let floor = -1
    let higher: bigint | undefined
    for (const [epoch, start] of [...this.#epochs].sort(([a], [b]) => a - b)) {
      if (epoch > leaderEpoch) higher ??= start
      else floor = epoch
    }
    if (higher === undefined) return { leaderEpoch: -1, endOffset: -1n }
    const endOffset = higher < this.logStart ? this.logStart : higher
    return { leaderEpoch: floor < 0 ? leaderEpoch : floor, endOffset }
  }

  /** Compaction: batches for which `keep` is false are gone, offsets stay. */
  compact(keep: (batch: StoredBatch) => boolean): void {
    const kept = this.batches.filter(keep)
    this.batches.splice(0, this.batches.length, ...kept)
  }
}
