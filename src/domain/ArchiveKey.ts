/**
 * Object keys of archive files: `<prefix>/<topic>/<partition>/<topic>-<partition>-<19 digits>.avro`,
 * the digits being the offset of the first record.
 */
import type { TopicPartition } from "./TopicPartition.ts"

export interface ArchiveKey extends TopicPartition {
  /** Everything in front of `<topic>/`, without the slash between; empty for an empty prefix. */
  readonly root: string
  readonly firstOffset: bigint
}

const offsetDigits = 19

/**
 * Joins path parts as Go's `path.Join` does, because the original builds its keys with it: empty
 * parts are left out, doubled slashes collapse, `.` and `..` are resolved.
 */
export const joinPath = (...parts: ReadonlyArray<string>): string => {
  const joined = parts.filter((part) => part !== "").join("/")
  if (joined === "") return ""
  const rooted = joined.startsWith("/")
  const clean: Array<string> = []
  for (const part of joined.split("/")) {
    if (part === "" || part === ".") continue
    if (part !== "..") clean.push(part)
    else if (clean.length > 0 && clean.at(-1) !== "..") clean.pop()
    else if (!rooted) clean.push("..")
  }
  const path = clean.join("/")
  return rooted ? `/${path}` : path === "" ? "." : path
}

/** The folder of a topic, with the slash at its end. `root`: empty, or without a slash at its end. */
export const topicFolder = (root: string, topic: string): string =>
  root === "" ? `${topic}/` : `${root}/${topic}/`

/** The folder of a partition, with the slash at its end: also the key of its plan records. */
export const partitionFolder = (root: string, { partition, topic }: TopicPartition): string =>
  `${joinPath(root, topic, String(partition))}/`

export const archiveKey = (root: string, source: TopicPartition, firstOffset: bigint): string => {
  const digits = String(firstOffset).padStart(offsetDigits, "0")
  return `${partitionFolder(root, source)}${source.topic}-${source.partition}-${digits}.avro`
}

const form = /^(?:(.*)\/)?([^/]+)\/(\d+)\/([^/]+)-(\d+)-(\d{19})\.avro$/

/** `undefined` when the key is not that of an archive file, or contradicts itself. */
export const parseArchiveKey = (key: string): ArchiveKey | undefined => {
  const match = form.exec(key)
  if (match === null) return undefined
  const [, root = "", topic = "", partition = "", fileTopic, filePartition, digits = "0"] = match
  return topic === fileTopic && partition === filePartition &&
      String(Number(partition)) === partition
    ? { root, topic, partition: Number(partition), firstOffset: BigInt(digits) }
    : undefined
}

/** Where the sidecars of an archive live: beside its prefix, never under it. */
export const metaKey = (prefix: string, kind: string, name: string): string => {
  const root = joinPath(prefix)
  return root === "" ? `kafka-data-keep.meta.${kind}.${name}` : `${root}.meta/${kind}/${name}`
}

/** The folder of all later generations, with the slash at its end. `prefix` must not be empty. */
export const generationsFolder = (prefix: string): string => `${joinPath(prefix)}.generations/`

/** The root of a later generation of a topic. `prefix` must not be empty. */
export const generationRoot = (prefix: string, topicId: string): string =>
  `${generationsFolder(prefix)}${topicId}`

/**
 * The root of what was written again after the log of a topic had been cut back, from that leader
 * epoch on. `prefix` must not be empty.
 */
export const branchRoot = (prefix: string, topicId: string, leaderEpoch: number): string =>
  `${generationRoot(prefix, topicId)}.${leaderEpoch}`

export interface LaterRoot {
  readonly root: string
  readonly topicId: string
  /** Of a branch; `undefined`: a generation. */
  readonly leaderEpoch: number | undefined
}

const laterForm = /^(.*)\.generations\/([^./]+)(?:\.(0|[1-9]\d{0,9}))?$/

/** Takes apart a root below `<prefix>.generations/`; `undefined` for any other. */
export const parseLaterRoot = (root: string): LaterRoot & { prefix: string } | undefined => {
  const [, prefix, topicId, epoch] = laterForm.exec(root) ?? []
  if (prefix === undefined || topicId === undefined) return undefined
  return { root, prefix, topicId, leaderEpoch: epoch === undefined ? undefined : Number(epoch) }
}

/**
 * Roots of the generation that files below `root` continue: itself, or for a branch those of the
 * first and of the later generation that can have it.
 */
export const homeRoots = (root: string): ReadonlyArray<string> => {
  const later = parseLaterRoot(root)
  return later?.leaderEpoch === undefined
    ? [root]
    : [later.prefix, generationRoot(later.prefix, later.topicId)]
}
