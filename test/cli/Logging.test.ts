import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger, LogLevel } from "effect"
import { jsonLine, textLine } from "../../src/cli/Logging.ts"

/** The lines that an effect logs, from the level on. */
const logged = (
  line: (event: Logger.Logger.Options<unknown>) => string,
  effect: Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.make<unknown, void>((event) => void lines.push(line(event)))
    yield* effect.pipe(
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Logger.withMinimumLogLevel(LogLevel.Debug)
    )
    return lines
  })

const event = Effect.annotateLogs(Effect.logWarning("file\nset aside"), {
  key: "a/b c",
  bytes: 5,
  offset: 12n,
  empty: "",
  error: new Error("no \"room\"")
})

describe("log lines", () => {
  it.effect("text: one line of name=value, quoted where needed", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* logged(textLine, event), [
        "time=1970-01-01T00:00:00.000Z level=WARN msg=\"file\\nset aside\" bytes=5 empty=\"\" error=\"no \\\"room\\\"\" key=\"a/b c\" offset=12"
      ])
    }))

  it.effect("json: one object per line", () =>
    Effect.gen(function*() {
      const [line = ""] = yield* logged(jsonLine, event)
      assert.deepStrictEqual(JSON.parse(line), {
        time: "1970-01-01T00:00:00.000Z",
        level: "WARN",
        msg: "file\nset aside",
        bytes: 5,
        empty: "",
        error: "no \"room\"",
        key: "a/b c",
        offset: 12
      })
    }))

  it.effect("json: the ids of the span; text: not", () =>
    Effect.gen(function*() {
      const inside = Effect.withSpan(event, "Upload.file")
      const [line = ""] = yield* logged(jsonLine, inside)
      const fields = Object.entries(JSON.parse(line)).slice(-2)
      assert.deepStrictEqual(fields.map(([name]) => name), ["trace_id", "span_id"])
      assert.match(String(fields[0]?.[1]), /^[0-9a-f]{32}$/)
      assert.match(String(fields[1]?.[1]), /^[0-9a-f]{16}$/)
      assert.deepStrictEqual(yield* logged(textLine, inside), yield* logged(textLine, event))
    }))

  it.effect("stack traces at debug level only", () =>
    Effect.gen(function*() {
      const cause = Cause.fail(new Error("broken"))
      const [warning = ""] = yield* logged(textLine, Effect.logWarning("upload failed", cause))
      assert.match(warning, / cause=broken$/)
      const [debug = ""] = yield* logged(textLine, Effect.logDebug("upload failed", cause))
      assert.include(debug, "Logging.test.ts")
      assert.notInclude(debug, "\n")
    }))
})
