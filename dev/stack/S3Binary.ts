/** The S3 server of the local stack: versitygw, built from source by the Go toolchain. */
import { Effect } from "effect"
import path from "node:path"
import { cachePath, installOnce } from "./Cache.ts"
import type { StackError } from "./StackError.ts"
import { runTool } from "./Tool.ts"

const version = "v1.8.0"
const module = "github.com/versity/versitygw/cmd/versitygw"

/** Path of the executable; builds it the first time, which takes a minute or two. */
export const s3Binary: Effect.Effect<string, StackError> = installOnce(
  cachePath(`versitygw-${version}`),
  `versitygw ${version}`,
  (directory) =>
    runTool(`install versitygw ${version}`, "go", ["install", `${module}@${version}`], {
      cwd: directory,
      env: { GOBIN: directory, GOFLAGS: "", CGO_ENABLED: "0" }
    }).pipe(
      Effect.asVoid
    )
).pipe(Effect.map((directory) => path.join(directory, "versitygw")))
