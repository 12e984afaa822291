import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { normalise } from "../../src/cli/ArgvNormaliser.ts"
import { boolean, duration, text } from "../../src/cli/FlagKinds.ts"

const flags = {
  prefix: text(["s3-prefix", "S3_PREFIX", "", "prefix"]),
  brokersDnsSrv: text(["brokersDNSSrv", "KAFKA_BROKERS_DNS_SRV", "", "name"]),
  level: text(["log-level", "LOG_LEVEL", "INFO", "level"]),
  age: duration(["max-file-age", "MAX_FILE_AGE", "1h", "age"]),
  once: boolean(["once", "ONCE", "false", "once"])
}

const read = (...args: ReadonlyArray<string>) => normalise([{ name: "copy", flags }], args)

/** The canonical form of a command line that is right. */
const canonical = (...args: ReadonlyArray<string>) => {
  const request = Either.getOrThrow(read("copy", ...args))
  return request.kind === "run" ? request.argv.slice(1) : request
}

const problem = (...args: ReadonlyArray<string>) =>
  Either.match(read(...args), { onLeft: (error) => error.message, onRight: () => "" })

describe("every spelling of a flag", () => {
  it("one dash or two, value beside or after an equals sign", () => {
    for (
      const form of [["-s3-prefix", "a"], ["--s3-prefix", "a"], ["-s3-prefix=a"], ["--s3-prefix=a"]]
    ) {
      assert.deepStrictEqual(canonical(...form), ["--s3-prefix", "a"])
    }
    assert.deepStrictEqual(canonical("-brokersDNSSrv", "kafka"), ["--brokersDNSSrv", "kafka"])
  })

  it("empty values, values with an equals sign, values with a dash", () => {
    assert.deepStrictEqual(canonical("-s3-prefix="), ["--s3-prefix", ""])
    assert.deepStrictEqual(canonical("-s3-prefix", ""), ["--s3-prefix", ""])
    assert.deepStrictEqual(canonical("-s3-prefix=a=b"), ["--s3-prefix", "a=b"])
    assert.deepStrictEqual(canonical("-s3-prefix", "-x"), ["--s3-prefix", "-x"])
    assert.deepStrictEqual(canonical("-s3-prefix", "--help"), ["--s3-prefix", "--help"])
    assert.deepStrictEqual(canonical("-s3-prefix", "copy"), ["--s3-prefix", "copy"])
  })

  it("booleans bare or after an equals sign, never from the next argument", () => {
    assert.deepStrictEqual(canonical("-once"), ["--once", "true"])
    assert.deepStrictEqual(canonical("--once=false"), ["--once", "false"])
    assert.deepStrictEqual(canonical("-once", "-s3-prefix", "a"), [
      "--once",
      "true",
      "--s3-prefix",
      "a"
    ])
    assert.include(problem("copy", "-once", "false"), "unexpected argument \"false\"")
  })

  it("the last of several counts", () => {
    assert.deepStrictEqual(canonical("-s3-prefix", "a", "-s3-prefix=b"), ["--s3-prefix", "b"])
  })

  it("a log level in upper case, so that @effect/cli leaves it alone", () => {
    assert.deepStrictEqual(canonical("--log-level", "debug"), ["--log-level", "DEBUG"])
  })
})

describe("help and version", () => {
  it("are found wherever a flag can stand", () => {
    for (const word of ["-h", "-help", "--help"]) {
      assert.deepStrictEqual(Either.getOrThrow(read(word)), { kind: "help", command: undefined })
      const there = Either.getOrThrow(read("copy", "-once", word))
      assert.deepStrictEqual(there, { kind: "help", command: "copy" })
    }
    assert.deepStrictEqual(Either.getOrThrow(read("--version")), { kind: "version" })
  })
})

describe("mistakes", () => {
  it("are named, with what was probably meant", () => {
    assert.strictEqual(problem(), "no command given")
    assert.strictEqual(problem("coppy"), "unknown command \"coppy\"; did you mean copy?")
    assert.strictEqual(problem("restore-all"), "unknown command \"restore-all\"")
    assert.strictEqual(
      problem("copy", "-s3prefix", "a"),
      "unknown flag -s3prefix; did you mean -s3-prefix?"
    )
    assert.strictEqual(problem("copy", "--Once"), "unknown flag -Once; did you mean -once?")
    assert.strictEqual(problem("copy", "-nonsense"), "unknown flag -nonsense")
    assert.strictEqual(problem("copy", "-s3-prefix"), "flag -s3-prefix needs a value")
    assert.include(problem("copy", "orders"), "unexpected argument \"orders\"")
    assert.include(problem("copy", "--"), "unexpected argument")
    assert.include(problem("-once", "copy"), "flags come after it")
  })
})
