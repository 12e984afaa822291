import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { problemsOf, problemsWithout } from "./TestProgram.ts"

const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, problem: string]> = [
  [
    ["-topics-regex", "(?=a)"],
    "invalid value \"(?=a)\" for -topics-regex [env KAFKA_TOPICS_REGEX]"
  ],
  [["-topics-regex", "ok,[a"], "\"[a\" is not one"],
  [["-topics-regex", "a,,b"], "without empty elements"],
  [["-topics-regex", "a,"], "without empty elements"],
  [["-topics-regex", ""], "at least one RE2 expression"],
  [["-exclude-topics-regex", ",a"], "without empty elements"],
  [["-brokers", "a:1,,b:2"], "without empty elements"],
  [["-group-id", ""], "expected a name, not an empty text"],
  [["-min-file-size", "5MB"], "expected a whole number from 1 to 100000000"],
  [["-min-file-size", "1.5"], "expected a whole number"],
  [["-min-file-size", "0"], "expected a whole number from 1"],
  [["-min-file-size", "100000001"], "expected a whole number from 1 to 100000000"],
  [["-min-file-size="], "invalid value \"\" for -min-file-size"],
  [["-max-file-age", "1 hour"], "expected a duration such as 30s"],
  [["-max-file-age", "-1h"], "expected a duration"],
  [["-idle", "0"], "expected a positive duration"],
  [["-once=maybe"], "expected true or false"],
  [["-codec", "brotli"], "expected one of none, zstd"],
  [["-log-level", "trace"], "expected one of DEBUG, INFO, WARN, ERROR"],
  [["-log-format", "xml"], "expected one of text, json"],
  [["-metrics-port", "65536"], "from 0 to 65535"],
  [["-store", "/tmp/archive"], "expected file:// and an absolute path"],
  [["-store", "file://tmp/archive"], "expected file:// and an absolute path"],
  [["-store", "file:///tmp/a#b"], "written as %3F and %23"],
  [["-s3-endpoint", "localhost:9000"], "expected an address such as http://localhost:9000"]
]

describe("a bad value is refused before anything is started", () => {
  for (const [args, problem] of wrong) {
    it.effect(args.join(" "), () =>
      Effect.gen(function*() {
        const problems = yield* problemsOf(args)
        assert.strictEqual(problems.length, 1)
        assert.include(problems[0], problem)
      }))
  }

  it.effect("from the environment too", () =>
    Effect.gen(function*() {
      const env = { MIN_FILE_SIZE: "big", METRICS_PORT: "", ONCE: "yes" }
      const problems = yield* problemsOf([], env)
      assert.deepStrictEqual(problems.map((problem) => problem.split(":")[0]), [
        "invalid value \"big\" for -min-file-size [env MIN_FILE_SIZE]",
        "invalid value \"yes\" for -once [env ONCE]",
        "invalid value \"\" for -metrics-port [env METRICS_PORT]"
      ])
    }))

  it.effect("without an archive, both ways to name one are told", () =>
    Effect.gen(function*() {
      const [problem] = yield* problemsWithout([])
      assert.include(problem, "-s3-bucket [env S3_BUCKET]")
      assert.include(problem, "-store file:///path [env STORE]")
    }))
})
