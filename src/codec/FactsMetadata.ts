/**
 * File facts as text, in the two places that carry them: the container's metadata, in fixed width
 * so that it can be patched in place, and the object's metadata in the store.
 */
import type { FileFacts, GapReason } from "../domain/FileFacts.ts"
import { gapReasons } from "../domain/FileFacts.ts"

/** In front of every metadata key of ours. */
export const containerPrefix = "kafka-data-keep."

/** S3 object metadata: lower-case, and no dots, which some stores do not take. */
const objectPrefix = "kafka-data-keep-"

/** Holds every int64, sign included. */
const decimalWidth = 20

/** Holds both timestamp types. */
const timestampTypeWidth = "LogAppendTime".length

const gapName = (reason: GapReason) => `gaps-${reason}`

/** Name and plain text of every fact. */
const entriesOf = (
  facts: FileFacts
): ReadonlyArray<readonly [string, string | bigint | number]> => [
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

/** The facts as metadata of an object: names and values in ASCII. */
export const factsToMetadata = (facts: FileFacts): Record<string, string> =>
  Object.fromEntries(
    entriesOf(facts).map(([name, value]) => [
      `${objectPrefix}${name}`,
      encodeURIComponent(String(value))
    ])
  )

/** `undefined` when a fact is missing or unreadable: the file is then treated as if it had none. */
export const factsFromMetadata = (
  metadata: Readonly<Record<string, string>>
): FileFacts | undefined =>
  readFacts((name) => {
    const value = metadata[`${objectPrefix}${name}`]
    try {
      return value === undefined ? undefined : decodeURIComponent(value)
    } catch {
      return undefined
    }
  })

/** The same from a container's metadata. */
export const factsFromContainer = (
  metadata: ReadonlyMap<string, Uint8Array>
): FileFacts | undefined => {
  const decoder = new TextDecoder()
  return readFacts((name) => {
    const value = metadata.get(`${containerPrefix}${name}`)
    return value === undefined ? undefined : decoder.decode(value)
  })
}

const integer = /^-?\d{1,20}$/

const readFacts = (textOf: (name: string) => string | undefined): FileFacts | undefined => {
  let complete = true
  const text = (name: string): string => {
    const value = textOf(name)
    if (value === undefined) complete = false
    return value ?? ""
  }
  const int64 = (name: string): bigint => {
    const value = text(name)
    if (integer.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value)) {
      return BigInt(value)
    }
    complete = false
    return 0n
  }
  const count = (name: string): number => {
    const value = Number(int64(name))
    if (!Number.isSafeInteger(value)) complete = false
    return value
  }
  const timestampType = text("timestamp-type").trimEnd()
  const facts: FileFacts = {
    formatVersion: count("format-version"),
    clusterId: text("cluster-id"),
    topicId: text("topic-id"),
    partitionCount: count("partition-count"),
    timestampType: timestampType === "LogAppendTime" ? "LogAppendTime" : "CreateTime",
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
  }
  return complete && timestampType === facts.timestampType ? facts : undefined
}
