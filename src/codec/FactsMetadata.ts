/**
 * File facts as text, in the two places that carry them: the container's metadata, in fixed width
 * so that it can be patched in place, and the object's metadata in the store.
 */
import type { FileFacts, GapReason } from "../domain/FileFacts.ts"
import { gapReasons } from "../domain/FileFacts.ts"
import type { FactEntry, FactSource } from "./FactText.ts"
import { fromContainerMetadata, fromObjectMetadata, objectMetadata, readFacts } from "./FactText.ts"

/** In front of every metadata key of ours. */
const containerPrefix = "kafka-data-keep."

/** S3 object metadata: lower-case, and no dots, which some stores do not take. */
const objectPrefix = "kafka-data-keep-"

/** Holds every int64, sign included. */
const decimalWidth = 20

/** Holds both timestamp types. */
const timestampTypeWidth = "LogAppendTime".length

const gapName = (reason: GapReason) => `gaps-${reason}`

/** Name and plain text of every fact. */
const entriesOf = (facts: FileFacts): ReadonlyArray<FactEntry> => [
  ["format-version", facts.formatVersion],
  ["cluster-id", facts.clusterId],
  ["topic-id", facts.topicId],
  ["partition-count", facts.partitionCount],
  ["timestamp-type", facts.timestampType],
  ["coverage-start", facts.coverageStart],
  ["coverage-next", facts.coverageNext],
  ["record-count", facts.recordCount],
  ["largest-record", facts.largestRecord],
  ["min-timestamp", facts.minTimestamp],
  ["max-timestamp", facts.maxTimestamp],
  ["first-leader-epoch", facts.firstLeaderEpoch],
  ["last-leader-epoch", facts.lastLeaderEpoch],
  ...gapReasons.map((reason) => [gapName(reason), facts.gaps[reason]] as const)
]

const fixedWidth = (value: bigint | number): string =>
  value < 0
    ? `-${String(-value).padStart(decimalWidth - 1, "0")}`
    : String(value).padStart(decimalWidth, "0")

/**
 * The metadata of a container. Its size is the same for all facts with equal cluster and topic id:
 * decimals of 20 characters, the timestamp type padded with spaces.
 */
export const factsToContainer = (facts: FileFacts): ReadonlyArray<readonly [string, string]> =>
  entriesOf(facts).map(([name, value]) => [
    `${containerPrefix}${name}`,
    typeof value !== "string"
      ? fixedWidth(value)
      : name === "timestamp-type"
      ? value.padEnd(timestampTypeWidth)
      : value
  ])

/** Whether a container's metadata of this name is the fact of an archive file. */
export const isFileFact = (key: string): boolean =>
  key.startsWith(containerPrefix) && !key.slice(containerPrefix.length).includes(".")

/** The facts as metadata of an object: names and values in ASCII. */
export const factsToMetadata = (facts: FileFacts): Record<string, string> =>
  objectMetadata(objectPrefix, entriesOf(facts))

/** `undefined` when a fact is missing or unreadable: the file is then treated as if it had none. */
export const factsFromMetadata = (
  metadata: Readonly<Record<string, string>>
): FileFacts | undefined => fileFacts(fromObjectMetadata(objectPrefix, metadata))

/** The same from a container's metadata. */
export const factsFromContainer = (
  metadata: ReadonlyMap<string, Uint8Array>
): FileFacts | undefined => fileFacts(fromContainerMetadata(containerPrefix, metadata))

const timestampTypeOf = (text: string): FileFacts["timestampType"] | undefined => {
  const name = text.trimEnd()
  return name === "CreateTime" || name === "LogAppendTime" ? name : undefined
}

const fileFacts = (source: FactSource): FileFacts | undefined =>
  readFacts(source, ({ count, int64, parsed, text }) => ({
    formatVersion: count("format-version"),
    clusterId: text("cluster-id"),
    topicId: text("topic-id"),
    partitionCount: count("partition-count"),
    timestampType: parsed("timestamp-type", timestampTypeOf, "CreateTime"),
    coverageStart: int64("coverage-start"),
    coverageNext: int64("coverage-next"),
    recordCount: count("record-count"),
    largestRecord: count("largest-record"),
    minTimestamp: int64("min-timestamp"),
    maxTimestamp: int64("max-timestamp"),
    firstLeaderEpoch: count("first-leader-epoch"),
    lastLeaderEpoch: count("last-leader-epoch"),
    gaps: {
      compacted: count(gapName("compacted")),
      control: count(gapName("control")),
      aborted: count(gapName("aborted")),
      deleted: count(gapName("deleted")),
      unknown: count(gapName("unknown"))
    }
  }))
