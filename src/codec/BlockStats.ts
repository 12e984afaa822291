/** What a run of consecutive records adds up to: the part of a file's facts that records decide. */

export interface BlockStats {
  readonly recordCount: number
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  /** Milliseconds since the epoch. */
  readonly minTimestamp: bigint
  readonly maxTimestamp: bigint
  /** Bytes of the largest record: key, value and header section as in a Kafka record. */
  readonly largestRecord: number
}

/** Counts records without a bigint per record, as long as numbers are exact. */
export class RunningStats {
  recordCount = 0
  largestRecord = 0
  firstOffset = 0n
  /** The last offset is `lastBase + lastDelta`. */
  lastBase = 0n
  lastDelta = 0
  #min = Infinity
  #max = -Infinity
  #exactMin: bigint | undefined
  #exactMax: bigint | undefined

  /** `timestamp`: a safe integer. */
  seeTimestamp(timestamp: number): void {
    if (timestamp < this.#min) this.#min = timestamp
    if (timestamp > this.#max) this.#max = timestamp
  }

  seeExactTimestamp(timestamp: bigint): void {
    if (this.#exactMin === undefined || timestamp < this.#exactMin) this.#exactMin = timestamp
    if (this.#exactMax === undefined || timestamp > this.#exactMax) this.#exactMax = timestamp
  }

  /** At least one record has been counted. */
  stats(): BlockStats {
    if (this.#min <= this.#max) {
      this.seeExactTimestamp(BigInt(this.#min))
      this.seeExactTimestamp(BigInt(this.#max))
    }
    return {
      recordCount: this.recordCount,
      firstOffset: this.firstOffset,
      lastOffset: this.lastBase + BigInt(this.lastDelta),
      minTimestamp: this.#exactMin ?? 0n,
      maxTimestamp: this.#exactMax ?? 0n,
      largestRecord: this.largestRecord
    }
  }

  copyFrom(other: RunningStats): void {
    this.recordCount = other.recordCount
    this.largestRecord = other.largestRecord
    this.firstOffset = other.firstOffset
    this.lastBase = other.lastBase
    this.lastDelta = other.lastDelta
    this.#min = other.#min
    this.#max = other.#max
    this.#exactMin = other.#exactMin
    this.#exactMax = other.#exactMax
  }
}
