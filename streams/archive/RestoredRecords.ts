/** What is wrong with a restored partition, in a sentence. */
import type { LoggedRecords } from "../../src/codec/LoggedRecords.ts"
import type { ComparisonRules } from "../../src/codec/RecordComparison.ts"
import { sourceOf } from "../../src/codec/RecordComparison.ts"
import { sourceOffsetHeader } from "../restore/TargetTail.ts"
import type { Parting } from "./SideBySide.ts"

export const restoredRules: ComparisonRules = {
  sourceHeader: Buffer.from(sourceOffsetHeader),
  // What the archive says is what has been restored.
  headersOfOriginal: undefined
}

const at = ({ offset }: LoggedRecords): string => `at offset ${offset} of the target`

/** `undefined`: both sides came to their end together. */
export const differenceOf = ({ archived, difference, logged }: Parting): string | undefined => {
  if (logged === undefined) {
    return archived && `the record of source offset ${archived.offset} is missing at the end`
  }
  const source = sourceOf(restoredRules, logged)
  if (source < 0n) return `the record ${at(logged)} is of no restore`
  if (difference === undefined) {
    return `the record ${at(logged)}, of source offset ${source}, comes after the last archived one`
  }
  switch (difference.kind) {
    case "missing":
      return `the record of source offset ${difference.source} is missing ${at(logged)}`
    case "extra":
      return `the record of source offset ${source} is there once more, ${at(logged)}`
    case "field":
      return `the record of source offset ${source} has another ${difference.field}, ${at(logged)}`
    case "foreign":
      return `the record ${at(logged)} is of no restore`
  }
}
