/** Reports in the file system. */
import { Effect, Layer } from "effect"
import fs from "node:fs/promises"
import { ReportFile, ReportFileError } from "./ReportFile.ts"

const attempt = (path: string, act: () => Promise<unknown>) =>
  Effect.asVoid(Effect.tryPromise({
    try: act,
    catch: (cause) => new ReportFileError({ reason: "NotWritable", path, cause })
  }))

export const ReportFileLayer = Layer.succeed(ReportFile, {
  check: (path) =>
    attempt(path, async () => {
      const file = await fs.open(path, "a")
      const { size } = await file.stat()
      await file.close()
      if (size === 0) await fs.unlink(path)
    }),
  write: (path, text) => attempt(path, () => fs.writeFile(path, text))
})
