/** What the file system says, in the words of `StoreError`. */
import { Effect } from "effect"
import { pathProblem } from "../src/domain/FilePath.ts"
import { errorCode } from "./FileTreeLayer.ts"
import { StoreError } from "./ObjectStore.ts"

/** Errors of open(2), link(2) and their kin, local or over a network. */
const reasons: Readonly<Record<string, StoreError["reason"]>> = {
  ENOENT: "NotFound",
  EACCES: "Denied",
  EPERM: "Denied",
  EROFS: "Denied",
  ENOTDIR: "Invalid",
  EISDIR: "Invalid",
  ENAMETOOLONG: "Invalid",
  EFBIG: "Invalid",
  ESTALE: "Unreachable",
  ETIMEDOUT: "Unreachable",
  EHOSTDOWN: "Unreachable",
  ENOTCONN: "Unreachable"
}

export const directoryError = (operation: string, key: string) => (cause: unknown): StoreError =>
  cause instanceof StoreError
    ? cause
    : new StoreError({ reason: reasons[errorCode(cause)] ?? "Failed", operation, key, cause })

export const attempt = <A>(operation: string, key: string, f: () => Promise<A>) =>
  Effect.tryPromise({ try: f, catch: directoryError(operation, key) })

const hidden = /^\.kafka-data-keep\.(?:meta|tmp)(?:\/|$)/

/** The store's own directories: metadata, and files that are still being written. */
export const isHidden = (key: string): boolean => hidden.test(key)

/** Fails with Invalid when the key would leave the directory or enter what the store hides. */
export const checkKey = (operation: string, key: string): Effect.Effect<void, StoreError> => {
  const problem = pathProblem(key) ??
    (isHidden(key) ? "the store keeps this name for itself" : undefined)
  return problem === undefined
    ? Effect.void
    : Effect.fail(new StoreError({ reason: "Invalid", operation, key, cause: new Error(problem) }))
}
