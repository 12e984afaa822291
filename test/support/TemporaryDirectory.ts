/** A directory for one test, removed afterwards. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import os from "node:os"
import path from "node:path"

export const temporaryDirectory = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "kafka-data-keep-test-"))),
  (directory) => Effect.promise(() => fs.rm(directory, { recursive: true, force: true }))
)
