/** The built program: its output and its exit codes. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import { built, finished } from "./BuiltProgram.ts"

let bundle = ""

const keep = (...args: ReadonlyArray<string>) => finished(process.execPath, [bundle, ...args])

const mistakes: ReadonlyArray<readonly [args: ReadonlyArray<string>, stderr: RegExp]> = [
  [[], /no command given/],
  [["topics-backups"], /unknown command "topics-backups"; did you mean topics-backup\?/],
  [
    ["topics-backup", "-topic-regex", "a"],
    /unknown flag -topic-regex; did you mean -topics-regex\?/
  ],
  [["topics-backup", "-s3-bucket", "b", "-topics-regex", "[a"], /-topics-regex .*"\[a" is not one/],
  [
    ["topics-plan-restore", "-s3-bucket", "b", "-restore-topics-regex", "a,,b"],
    /without empty elements/
  ],
  [
    ["topics-backup", "-s3-bucket", "b", "-max-file-age", "1d"],
    /-max-file-age .*a duration such as/
  ],
  [
    ["topics-backup", "-s3-bucket", "b", "-min-file-size", "5MB"],
    /-min-file-size .*a whole number/
  ],
  [["topics-backup", "-s3-bucket", "b", "-min-file-size", "4294967297"], /to 4294967296/],
  [["topics-restore"], /-s3-bucket \[env S3_BUCKET\].*-store file:/]
]

describe("the built program", () => {
  beforeAll(async () => {
    bundle = await built("exit-codes")
  }, 60_000)

  it.live("prints help and version on stdout", () =>
    Effect.gen(function*() {
      const help = yield* keep("--help")
      assert.deepStrictEqual([help.code, help.stderr], [0, ""])
      assert.include(help.stdout, "topics-plan-restore")
      const own = yield* keep("topics-backup", "-help")
      assert.strictEqual(own.code, 0)
      assert.match(own.stdout, /-s3-bucket <bucket>\n.*\[env S3_BUCKET\] \[default none\]/)
      const version = yield* keep("--version")
      assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
    }))

  for (const [args, stderr] of mistakes) {
    it.live(`exit 2: ${args.join(" ")}`, () =>
      Effect.gen(function*() {
        const { code, stderr: said, stdout } = yield* keep(...args)
        assert.deepStrictEqual([code, stdout], [2, ""])
        assert.match(said, stderr)
        assert.match(
          said,
          /^kafka-data-keep: [^\n]+\nRun 'kafka-data-keep.* --help' for usage\.\n$/
        )
      }))
  }

  it.live("a variable's bad value is wrong usage too", () =>
    Effect.gen(function*() {
      const env = { METRICS_PORT: "" }
      const { code, stderr } = yield* finished(
        process.execPath,
        [bundle, "topics-restore", "-s3-bucket", "b"],
        env
      )
      assert.strictEqual(code, 2)
      assert.include(stderr, "invalid value \"\" for -metrics-port [env METRICS_PORT]")
    }))

  it.live("exit 1 with one line for a failure", () =>
    Effect.gen(function*() {
      const missing = "/nonexistent/kafka-data-keep/archive"
      const { code, stderr } = yield* keep(
        "topics-plan-restore",
        "-store",
        `file://${missing}`,
        "-dry-run",
        "-metrics-port",
        "0",
        "-log-level",
        "error"
      )
      assert.strictEqual(code, 1)
      assert.match(
        stderr,
        /^time=\S+ level=ERROR msg="topics-plan-restore failed" error="[^\n]*archive[^\n]*\n$/
      )
    }))

  // Distributions install an older Node there; without one there is nothing to see.
  const oldNode = "/usr/bin/node"
  it.live("an old Node gets a sentence", () =>
    Effect.gen(function*() {
      if (!existsSync(oldNode)) return
      const version = yield* finished(oldNode, ["--version"])
      if (Number(/^v(\d+)/.exec(version.stdout)?.[1]) >= 22) return
      const { code, stderr, stdout } = yield* finished(oldNode, [bundle, "--help"])
      assert.deepStrictEqual([code, stdout], [1, ""])
      assert.match(
        stderr,
        /^kafka-data-keep needs Node\.js 22\.15 or newer; this is v[\d.]+ [^\n]+\n$/
      )
    }))
})
