/**
 * Compares archived records with those of a log, side by side, in their order. It makes no object
 * for a record, and stands where the two part.
 */
import type { Buffer } from "node:buffer"
import type { ArchivedRecords } from "./ArchivedRecords.ts"
import type { LoggedRecords } from "./LoggedRecords.ts"
import type { Field, SameHeaders } from "./SameFields.ts"
import { differingField } from "./SameFields.ts"
import { carriedOffset } from "./SourceOffsets.ts"

export type Difference =
  /** `field` of the record is another one. */
  | { readonly kind: "field"; readonly field: Field; readonly source: bigint }
  /** The archive has the record, the log has not, at least not here. */
  | { readonly kind: "missing"; readonly source: bigint }
  /** The log has it, the archive has not, at least not here. */
  | { readonly kind: "extra"; readonly source: bigint }
  /** The record in the log says nothing of where it comes from. */
  | { readonly kind: "foreign" }

export interface ComparisonRules {
  /**
   * Name of the header in which records of the log carry their offset in the source; `undefined`:
   * the log is the source itself.
   */
  readonly sourceHeader: Buffer | undefined
  /** For records in the layout of the original; `undefined`: names, values, order and nulls. */
  readonly headersOfOriginal: SameHeaders | undefined
}

/** -1: it carries none. */
export const sourceOf = (
  { sourceHeader }: Pick<ComparisonRules, "sourceHeader">,
  { cursor, offset, records }: LoggedRecords
): bigint => sourceHeader === undefined ? offset : carriedOffset(records, cursor, sourceHeader)

export class RecordComparison {
  /** Records that are the same on both sides. */
  records = 0
  /** Offset of the last archived record that has been left behind; -1: none has. */
  through = -1n
  /** Archived records below this offset need not be in the log any more. */
  floor = 0n
  /** Whether the log may lack any record: compaction removes them. */
  isThinned = false
  readonly #rules: ComparisonRules

  constructor(rules: ComparisonRules) {
    this.#rules = rules
  }

  /** Whether the log need not have the archived record of this offset. */
  mayLack(offset: bigint): boolean {
    return this.isThinned || offset < this.floor
  }

  /**
   * The log is through. Leaves archived records behind that it need not have, below `end`; true
   * when `archived` stands on another one.
   */
  pass(archived: ArchivedRecords, end: bigint): boolean {
    while (archived.offset < end && this.mayLack(archived.offset)) {
      this.through = archived.offset
      if (!archived.next()) return false
    }
    return true
  }

  /**
   * Both stand on a record. Goes on until one side is through, and says which still stands on one,
   * or where the two differ: then both stand there.
   */
  run(
    archived: ArchivedRecords,
    logged: LoggedRecords
  ): { readonly archived: boolean; readonly logged: boolean } | Difference {
    const { headersOfOriginal, sourceHeader } = this.#rules
    const headersAreSame = archived.layout === "original" ? headersOfOriginal : undefined
    for (;;) {
      const source = sourceOf(this.#rules, logged)
      if (source < 0n) return { kind: "foreign" }
      const { offset } = archived
      if (source > offset) {
        if (!this.mayLack(offset)) return { kind: "missing", source: offset }
        this.through = offset
        if (!archived.next()) return { archived: false, logged: true }
        continue
      }
      if (source < offset) return { kind: "extra", source }
      const field = differingField(archived, logged, sourceHeader, headersAreSame)
      if (field !== undefined) return { kind: "field", field, source }
      this.records++
      this.through = offset
      const moreArchived = archived.next()
      const moreLogged = logged.next()
      if (!moreArchived || !moreLogged) return { archived: moreArchived, logged: moreLogged }
    }
  }
}
