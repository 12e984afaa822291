/** Walks the records of a decoded block that are meant. */
import type { Buffer } from "node:buffer"
import { corrupt } from "./CodecError.ts"
import type { ReadableLayout } from "./RecordCursor.ts"
import { RecordCursor } from "./RecordCursor.ts"
import type { RecordFilter } from "./RecordFilter.ts"

export interface DecodedBlock {
  readonly records: Buffer
  readonly layout: ReadableLayout
  /** As the block states it. */
  readonly recordCount: number
}

export class ArchivedRecords {
  readonly cursor: RecordCursor
  readonly layout: ReadableLayout
  offset = -1n
  readonly #recordCount: number
  readonly #wanted: RecordFilter | undefined
  readonly #after: bigint
  #walked = 0

  /** Records up to offset `after` are left out, and those that `wanted` is not true of. */
  constructor(block: DecodedBlock, wanted: RecordFilter | undefined, after: bigint) {
    this.cursor = new RecordCursor(block.records, block.layout)
    this.layout = block.layout
    this.#recordCount = block.recordCount
    this.#wanted = wanted
    this.#after = after
  }

  /** Moves to the next record; false behind the last. Throws `CodecError` when it is damaged. */
  next(): boolean {
    const { cursor } = this
    while (cursor.left > 0) {
      cursor.next()
      this.#walked++
      this.offset = cursor.exactOffset()
      if (this.offset > this.#after && (this.#wanted === undefined || this.#wanted(cursor))) {
        return true
      }
    }
    if (this.#walked !== this.#recordCount) {
      throw corrupt(`a block of ${this.#recordCount} records holds ${this.#walked}`)
    }
    return false
  }
}
