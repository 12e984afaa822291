/** How the archived records of a partition are compared with those of the log they came from. */
import type { LoggedRecords } from "../../src/codec/LoggedRecords.ts"
import { readPlainHeaders } from "../../src/codec/PlainRecords.ts"
import type { ComparisonRules, Difference } from "../../src/codec/RecordComparison.ts"
import type { RecordCursor } from "../../src/codec/RecordCursor.ts"
import { readHeaders } from "../../src/codec/RecordCursor.ts"
import { sameHeaders } from "../restore/SameRecord.ts"

/** The original keeps neither the order of headers, nor equal names, nor null. */
const headersOfOriginal = (archived: RecordCursor, { cursor, records }: LoggedRecords): boolean =>
  sameHeaders(readHeaders(archived), readPlainHeaders(records, cursor.headersAt))

export const liveRules: ComparisonRules = { sourceHeader: undefined, headersOfOriginal }

/** What is wrong, in a sentence. */
export const liveDifference = (difference: Difference): string => {
  switch (difference.kind) {
    case "missing":
      return `the record of offset ${difference.source} is not in the log, though the log has ` +
        "others in front of it and behind"
    case "extra":
      return `the record of offset ${difference.source} is in the log, but not in the archive, ` +
        "which goes on behind it"
    case "field":
      return `the record of offset ${difference.source} has another ${difference.field} in the log`
    case "foreign":
      return "a record of the log has no offset"
  }
}
