/** What the file system says, in the words of `BufferError`, and where buffered files are. */
import { Effect } from "effect"
import path from "node:path"
import { pathOfKey, pathProblem } from "../src/domain/FilePath.ts"
import { BufferError } from "./DiskBuffer.ts"
import { errorCode } from "./FileTreeLayer.ts"

const reasons: Readonly<Record<string, BufferError["reason"]>> = {
  ENOENT: "NotFound",
  EACCES: "Denied",
  EPERM: "Denied",
  EROFS: "Denied",
  ENOTDIR: "NotADirectory",
  ENOSPC: "Full",
  EDQUOT: "Full"
}

export const bufferError = (operation: string, path: string) => (cause: unknown): BufferError =>
  cause instanceof BufferError
    ? cause
    : new BufferError({ reason: reasons[errorCode(cause)] ?? "Failed", operation, path, cause })

export const attempt = <A>(operation: string, path: string, f: () => Promise<A>) =>
  Effect.tryPromise({ try: f, catch: bufferError(operation, path) })

/** The directories of the buffer below a working directory. */
export const layout = (workingDir: string) => {
  const own = path.join(workingDir, ".kafka-data-keep")
  return {
    workingDir,
    own,
    lock: path.join(own, "lock"),
    buffer: path.join(own, "buffer"),
    setAside: path.join(own, "set-aside")
  }
}

export type Layout = ReturnType<typeof layout>

/** The path of a name below a directory. Fails with Denied when the name would leave it. */
export const pathBelow = (
  directory: string,
  operation: string,
  name: string,
  parts: (name: string) => ReadonlyArray<string> = pathOfKey
): Effect.Effect<string, BufferError> => {
  const problem = pathProblem(name)
  return problem === undefined
    ? Effect.succeed(path.join(directory, ...parts(name)))
    : Effect.fail(
      new BufferError({ reason: "Denied", operation, path: name, cause: new Error(problem) })
    )
}
