/**
 * Plan records: one archive file each, in the order in which the files are to be restored. Key:
 * the object key up to and including its last slash. Value: the object key. Two headers, ASCII.
 */
import { Data, Either } from "effect"
import type { ArchiveKey } from "./ArchiveKey.ts"
import { homeRoots, parseArchiveKey, partitionFolder } from "./ArchiveKey.ts"
import type { TopicPartition } from "./TopicPartition.ts"

/** Position of the file among the files of its partition, from 1, counted over the whole plan. */
export const fileIndexHeader = "plan-restore.partition-file-index"

/** SHA-256, in hex, of the topic names in plan order joined by a comma: which plan this is. */
export const topicsShaHeader = "plan-restore.topics-sha"

export interface PlannedFile extends TopicPartition {
  /** The archive file's object key. */
  readonly key: string
  readonly archive: ArchiveKey
  /** From 1. */
  readonly index: number
  readonly topicsSha: string
}

/** A record as the plan topic holds it; also what is written there. */
export interface PlanRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyArray<readonly [Buffer, Buffer | null]>
}

/** A plan record that cannot be followed. */
export class PlanRecordError extends Data.TaggedError("PlanRecordError")<{
  /** What is wrong with it, without saying where it is. */
  readonly message: string
  /** The partition meant, where the record tells. */
  readonly source: TopicPartition | undefined
}> {}

/** What groups and partitions plan records: the object key up to and including its last slash. */
export const planKey = (objectKey: string): string =>
  objectKey.slice(0, objectKey.lastIndexOf("/") + 1)

/**
 * What decides on the plan partition of a file: its folder. Files of a branch go where those are
 * that they continue, so that one member restores all of a partition.
 */
export const planPlaces = ({ archive }: Pick<PlannedFile, "archive">): ReadonlyArray<Buffer> =>
  homeRoots(archive.root).map((root) => Buffer.from(partitionFolder(root, archive)))

export const toPlanRecord = (file: PlannedFile): PlanRecord => ({
  key: Buffer.from(planKey(file.key)),
  value: Buffer.from(file.key),
  headers: [
    [Buffer.from(fileIndexHeader), Buffer.from(String(file.index))],
    [Buffer.from(topicsShaHeader), Buffer.from(file.topicsSha)]
  ]
})

const headerText = (record: PlanRecord, name: string): string | undefined => {
  const found = record.headers.find(([key]) => key.toString() === name)
  return found?.[1]?.toString("latin1")
}

const shown = (bytes: Buffer | null): string =>
  bytes === null
    ? "null"
    : JSON.stringify(bytes.length > 300 ? `${bytes.toString("utf8", 0, 300)}…` : bytes.toString())

/** Reads a plan record; the error says what it should have been. */
export const fromPlanRecord = (record: PlanRecord): Either.Either<PlannedFile, PlanRecordError> => {
  const key = record.value?.toString() ?? ""
  const archive = parseArchiveKey(key)
  if (archive === undefined) {
    const message = `its value is not the key of an archive file: ${shown(record.value)}`
    return Either.left(new PlanRecordError({ message, source: undefined }))
  }
  const source = { topic: archive.topic, partition: archive.partition }
  const fail = (message: string) => Either.left(new PlanRecordError({ message, source }))
  if (record.key?.toString() !== planKey(key)) {
    return fail(`its key ${shown(record.key)} is not the folder of its value "${key}"`)
  }
  const index = headerText(record, fileIndexHeader)
  if (index === undefined || !/^[1-9]\d{0,14}$/.test(index)) {
    return fail(`its header ${fileIndexHeader} is ${index ?? "missing"}, not a number from 1`)
  }
  const topicsSha = headerText(record, topicsShaHeader)
  if (topicsSha === undefined || !/^[0-9a-f]{64}$/i.test(topicsSha)) {
    return fail(`its header ${topicsShaHeader} is ${topicsSha ?? "missing"}, not a SHA-256 in hex`)
  }
  return Either.right({ ...source, key, archive, index: Number(index), topicsSha })
}
