/** Where the workers of a process have their disk buffers. */
import { Effect } from "effect"
import path from "node:path"
import type { BufferError } from "./DiskBuffer.ts"
import { attempt, layout } from "./DiskBufferErrorsLayer.ts"
import { entriesOf, walk } from "./FileTreeLayer.ts"

const form = /^worker-([1-9]\d*)\/$/

/**
 * The first worker has the working directory itself, the others one each beside its buffer, where
 * no archive file can be.
 */
export const workerDirectory = (workingDir: string, worker: number): string =>
  worker === 1 ? workingDir : path.join(layout(workingDir).own, `worker-${worker}`)

const holdsFiles = async (workingDir: string): Promise<boolean> => {
  const found = walk({
    directory: layout(workingDir).buffer,
    folder: "",
    prefix: "",
    startAfter: "",
    skip: () => false
  })
  return (await found.next()).done !== true
}

/** Numbers of the workers behind the first whose buffers hold files, in order. */
export const heldBuffers = (
  workingDir: string
): Effect.Effect<ReadonlyArray<number>, BufferError> => {
  const { own } = layout(workingDir)
  return attempt("open", own, async () => {
    const held: Array<number> = []
    for (const { directory, name } of await entriesOf(own)) {
      const worker = directory ? Number(form.exec(name)?.[1] ?? 0) : 0
      if (worker > 1 && await holdsFiles(workerDirectory(workingDir, worker))) held.push(worker)
    }
    return held.sort((one, other) => one - other)
  })
}
