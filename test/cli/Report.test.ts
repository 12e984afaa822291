import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, FiberId, Logger } from "effect"
import { exitCode } from "../../src/cli/ExitCode.ts"
import { textLine } from "../../src/cli/Logging.ts"
import { CommandFailed, lastWords, reported, sentences } from "../../src/cli/Report.ts"
import { UsageError } from "../../src/cli/UsageError.ts"

const broken = new Error("upload orders/0:\n  Denied")
const usage = new UsageError({ command: "topics-backup", problems: ["one", "two"] })
const interrupt = Cause.interrupt(FiberId.none)

describe("failures", () => {
  it("are one sentence each, said once", () => {
    const cause = Cause.parallel(
      Cause.sequential(Cause.fail(broken), Cause.fail(broken)),
      Cause.die(new TypeError("x is not a function"))
    )
    assert.deepStrictEqual(sentences(cause), [
      "upload orders/0: Denied",
      "unexpected: x is not a function"
    ])
  })

  it.effect("are logged without stack traces, and end the command", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>((event) => void lines.push(textLine(event)))
      const exit = yield* reported("copy")(Effect.fail(broken)).pipe(
        Effect.exit,
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      assert.deepStrictEqual(lines.map((line) => line.slice(line.indexOf("level"))), [
        "level=ERROR msg=\"copy failed\" error=\"upload orders/0: Denied\""
      ])
      assert.deepStrictEqual(exit, Exit.fail(new CommandFailed({ command: "copy" })))
      assert.strictEqual(lastWords("keep", Exit.isFailure(exit) ? exit.cause : interrupt), "")
    }))

  it.effect("an interruption is none", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(reported("copy")(Effect.interrupt))
      assert.isTrue(Exit.isInterrupted(exit))
    }))

  it("of usage name each problem and where to read more", () => {
    assert.strictEqual(
      lastWords("keep", Cause.fail(usage)),
      "keep: one\nkeep: two\nRun 'keep topics-backup --help' for usage.\n"
    )
  })

  it("that nobody has reported are said at the end", () => {
    assert.strictEqual(lastWords("keep", Cause.die("odd")), "keep: unexpected: odd\n")
  })
})

describe("exit codes", () => {
  it("0 done or stopped, 1 failed, 2 wrong usage", () => {
    assert.strictEqual(exitCode(Exit.void), 0)
    assert.strictEqual(exitCode(Exit.failCause(interrupt)), 0)
    assert.strictEqual(exitCode(Exit.fail(new CommandFailed({ command: "copy" }))), 1)
    assert.strictEqual(exitCode(Exit.die("odd")), 1)
    assert.strictEqual(exitCode(Exit.fail(usage)), 2)
    const stoppedWhileFailing = Cause.parallel(interrupt, Cause.fail(broken))
    assert.strictEqual(exitCode(Exit.failCause(stoppedWhileFailing)), 1)
  })
})
