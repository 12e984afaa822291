/** Something about an archive that is not as it should be. */

export type FindingKind =
  /** The bytes cannot be read, or are not those that were stored. */
  | "damaged"
  /** The file is not what its key says. */
  | "misplaced"
  /** What the file says of itself is not so. */
  | "contradiction"
  /** Offsets that no file accounts for. */
  | "hole"
  /** Offsets that two files account for. */
  | "overlap"
  /** Offsets without a record, and nothing says why: beside files that say nothing of themselves. */
  | "unknown"
  /** An object among the archive files that is none. */
  | "strange"
  /** A restored topic does not hold what the archive holds. */
  | "restored"
  /** A topic of the cluster does not hold what the archive holds. */
  | "live"
  /** The cluster holds what the archive does not hold yet. */
  | "unarchived"

export interface Finding {
  /** A warning may be as it should be; an error is not. */
  readonly severity: "error" | "warning"
  readonly kind: FindingKind
  readonly topic: string
  /** `undefined`: of the topic as a whole. */
  readonly partition: number | undefined
  /** Object key of the file that it is about, or that it was found at. */
  readonly key: string | undefined
  /** One sentence. */
  readonly message: string
}
