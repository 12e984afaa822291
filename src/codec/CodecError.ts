import { Data } from "effect"

/**
 * Bytes that are not what they should be. `Corrupt`: a checksum, length or count does not hold.
 * `Unsupported`: well-formed, but of a format that this program refuses (magic 0 and 1, an unknown
 * codec). `Truncated`: the bytes end inside a structure. `Mismatch`: a record belongs elsewhere.
 */
export class CodecError extends Data.TaggedError("CodecError")<{
  readonly reason: "Corrupt" | "Unsupported" | "Truncated" | "Mismatch"
  /** What is wrong and where, in one sentence. */
  readonly message: string
}> {}

export const corrupt = (message: string) => new CodecError({ reason: "Corrupt", message })
export const truncated = (message: string) => new CodecError({ reason: "Truncated", message })
export const unsupported = (message: string) => new CodecError({ reason: "Unsupported", message })
export const mismatch = (message: string) => new CodecError({ reason: "Mismatch", message })
