/** What the retention of a topic was before a restore raised it, and where the archive keeps that. */
import { metaKey } from "./ArchiveKey.ts"

export interface RetentionHold {
  readonly clusterId: string
  readonly topic: string
  readonly topicId: string
  /** What the topic had of its own; `null`: the broker's default. */
  readonly configs: Readonly<Record<string, string | null>>
}

/** Raised together: either of them deletes. */
export const heldConfigs: ReadonlyArray<string> = ["retention.ms", "retention.bytes"]

/** What each of them is while it is held. */
export const unlimited = "-1"

const extension = ".json"

/** What the keys of all holds on a cluster begin with. */
export const holdsOf = (prefix: string, clusterId: string): string =>
  metaKey(prefix, "retention", `${clusterId}.`)

export const holdKey = (prefix: string, clusterId: string, topic: string): string =>
  `${holdsOf(prefix, clusterId)}${topic}${extension}`
