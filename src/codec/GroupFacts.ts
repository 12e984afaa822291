/**
 * What a snapshot says of itself, as text: in the metadata of its container, guarded by a checksum
 * because nothing else guards a container's header, and in the metadata of its object.
 */
import { Buffer } from "node:buffer"
import type { SnapshotFacts } from "../domain/GroupSnapshot.ts"
import { parseSnapshotTime } from "../domain/SnapshotTime.ts"
import { corrupt, unsupported } from "./CodecError.ts"
import type { ContainerMetadata } from "./ContainerWriter.ts"
import { crc32c } from "./Crc32c.ts"
import type { FactEntry, FactReader } from "./FactText.ts"
import { fromContainerMetadata, fromObjectMetadata, objectMetadata, readFacts } from "./FactText.ts"

const containerPrefix = "kafka-data-keep.groups."
const objectPrefix = "kafka-data-keep-groups-"

const formatVersion = 1

/** The facts of a snapshot with what finds a file that was cut off between two blocks. */
export interface GroupFileFacts extends SnapshotFacts {
  readonly groupCount: number
  /** Of (group, topic, partition). */
  readonly positionCount: number
}

const entriesOf = (facts: SnapshotFacts): ReadonlyArray<FactEntry> => [
  ["format-version", formatVersion],
  ["cluster-id", facts.clusterId],
  ["taken-at", new Date(facts.takenAtMs).toISOString()],
  ["complete", String(facts.complete)],
  ["held", String(facts.held)]
]

/** CRC-32C of the schema and the facts. */
const checksumOf = (schema: string, facts: ContainerMetadata): string =>
  crc32c(Buffer.from(JSON.stringify([schema, facts]))).toString(16).padStart(8, "0")

const isGroupFact = (key: string): boolean => key.startsWith(containerPrefix)

const checksumKey = `${containerPrefix}checksum`

/** The metadata of the container of a snapshot, whose schema is part of the checksum. */
export const groupFactsToContainer = (
  facts: GroupFileFacts,
  schema: string
): ContainerMetadata => {
  const entries = [
    ...entriesOf(facts),
    ["group-count", facts.groupCount] as const,
    ["position-count", facts.positionCount] as const
  ].map(([name, value]) => [`${containerPrefix}${name}`, String(value)] as const)
  return [...entries, [checksumKey, checksumOf(schema, entries)]]
}

/**
 * `undefined` for a snapshot that says nothing of itself. Throws `CodecError`: Corrupt when it does
 * and anything of that, or the schema beside it, is damaged; Unsupported for a newer format.
 */
export const groupFactsFromContainer = (
  metadata: ReadonlyMap<string, Buffer>,
  schema: string
): GroupFileFacts | undefined => {
  const texts = [...metadata].map(([key, value]) => [key, value.toString()] as const)
  const ours = texts.filter(([key]) => isGroupFact(key))
  if (ours.length === 0) return undefined
  const facts = ours.filter(([key]) => key !== checksumKey)
  if (metadata.get(checksumKey)?.toString() !== checksumOf(schema, facts)) {
    throw corrupt("the container header is damaged: it does not have the checksum that it says")
  }
  const source = fromContainerMetadata(containerPrefix, metadata)
  const version = source("format-version")
  if (version !== String(formatVersion)) {
    throw unsupported(
      `the snapshot has format version ${version}, this program reads ${formatVersion}`
    )
  }
  const read = readFacts(source, (reader) => ({
    ...snapshotFacts(reader),
    groupCount: reader.count("group-count"),
    positionCount: reader.count("position-count")
  }))
  if (read === undefined) throw corrupt("the container header lacks a fact of the snapshot")
  return read
}

/** The facts as metadata of an object: names and values in ASCII. */
export const groupFactsToObject = (facts: SnapshotFacts): Record<string, string> =>
  objectMetadata(objectPrefix, entriesOf(facts))

/** `undefined` when a fact is missing, unreadable, or of another format version. */
export const groupFactsFromObject = (
  metadata: Readonly<Record<string, string>>
): SnapshotFacts | undefined => {
  const source = fromObjectMetadata(objectPrefix, metadata)
  return source("format-version") === String(formatVersion)
    ? readFacts(source, snapshotFacts)
    : undefined
}

const parseBoolean = (text: string): boolean | undefined =>
  text === "true" ? true : text === "false" ? false : undefined

const snapshotFacts = ({ parsed, text }: FactReader): SnapshotFacts => ({
  clusterId: text("cluster-id"),
  takenAtMs: parsed("taken-at", parseSnapshotTime, 0),
  complete: parsed("complete", parseBoolean, false),
  held: parsed("held", parseBoolean, false)
})
