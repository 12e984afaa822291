/** Bars and lines of progress, as a command shows them while it works. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Console, Effect, Exit, Fiber, Layer, Metric, TestClock } from "effect"
import { kafkaThrottleSeconds } from "../../services/Metrics.ts"
import { Progress } from "../../services/Progress.ts"
import { loggingLayer } from "../../src/cli/Logging.ts"
import { makeScreen } from "../../src/cli/Screen.ts"
import { showProgress } from "../../src/cli/ShowProgress.ts"
import { onStage, terminalOf } from "../../src/cli/Stage.ts"
import type { FakeTerminal } from "../support/FakeTerminal.ts"
import { fakeTerminal } from "../support/FakeTerminal.ts"

const reading = { steps: "bytes", doing: "read" } as const
const quietly = { noProgress: true }
const shown = { noProgress: false }

const withVariables = (variables: Readonly<Record<string, string>>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))

const utf8 = { TERM: "xterm", LANG: "C.UTF-8" }

/** A record of ten bytes each second. */
const workOf = (seconds: number) =>
  Effect.gen(function*() {
    const progress = yield* Progress
    const counts = progress.topic("orders")
    progress.measure(() => ({
      topics: [{ topic: "orders", done: counts.bytes, earlier: 0, total: 10 * seconds }],
      complete: true
    }))
    for (let second = 0; second < seconds; second++) {
      yield* Effect.sleep("1 second")
      counts.bytes += 10
      counts.records += 1
    }
  })

const work = workOf(10)

/** As `Working.ts` runs commands: what goes to stderr is on the screen, log lines too. */
const commandOn = <A, E>(
  terminal: FakeTerminal,
  command: Effect.Effect<A, E>,
  variables: Readonly<Record<string, string>> = utf8
) =>
  command.pipe(
    Effect.provide(loggingLayer({ logLevel: "INFO", logFormat: "text" })),
    onStage(terminal),
    Effect.withConsole(consoleOf(terminal)),
    Effect.provide(withVariables(variables))
  )

const consoleOf = ({ write }: FakeTerminal): Console.Console => {
  const error = (line: string) => write(`${line}\r\n`)
  return {
    ...plainConsole,
    error: (line: string) => Effect.sync(() => error(line)),
    unsafe: { ...plainConsole.unsafe, error }
  }
}

const plainConsole = Effect.runSync(Effect.console)

const after = (seconds: number) => TestClock.adjust(`${seconds} seconds`)

describe("on a terminal", () => {
  it.effect("bars are drawn from the first second on, and a line says what it came to", () =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 80, rows: 24 })
      const running = yield* Effect.fork(
        commandOn(terminal, work.pipe(showProgress(shown, reading)))
      )
      yield* after(0.9)
      assert.deepStrictEqual(terminal.screen(), [""])
      yield* after(4.35)
      const screen = terminal.screen()
      assert.match(screen[0] ?? "", /^TOPIC +DONE +BYTES/)
      assert.match(screen[1] ?? "", /^orders +█+▌░+ +50% +50 of 100 bytes +1 +10 bytes\/s +5s$/)
      assert.match(screen[2] ?? "", /^all \(0\/1\) .* 50%/)
      assert.deepStrictEqual(screen.slice(3), [""])
      yield* after(5)
      yield* Fiber.join(running)
      assert.deepStrictEqual(terminal.screen(), [
        "100% of 1 topic read: 100 bytes, 10 records in 10s (1 records/s, 10 bytes/s)",
        ""
      ])
    }))

  it.effect("it is drawn four times a second at most, and not when nothing has changed", () =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 80, rows: 24 })
      const quick = Effect.flatMap(Progress, (progress) =>
        Effect.forever(Effect.delay(
          Effect.sync(() => progress.topic("orders").records++),
          "10 millis"
        )).pipe(Effect.timeoutOption("3 seconds"), Effect.zipRight(Effect.never)))
      yield* Effect.fork(commandOn(terminal, showProgress(shown, reading)(quick)))
      for (let tick = 0; tick < 300; tick++) yield* after(0.01)
      const whileQuick = terminal.writes()
      assert.isAtLeast(whileQuick, 2 * 4)
      assert.isAtMost(whileQuick, 2 * 4 + 1)
      yield* after(20)
      const before = terminal.writes()
      yield* after(60)
      assert.strictEqual(terminal.writes(), before)
    }))

  it.effect("a quota is named while it holds back, and then no more", () =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 80, rows: 24 })
      yield* Effect.fork(commandOn(terminal, showProgress(shown, reading)(work)))
      yield* after(2)
      assert.notInclude(terminal.screen().join(), "quota")
      yield* Metric.incrementBy(kafkaThrottleSeconds("fetch"), 0.3)
      yield* after(2)
      assert.match(terminal.screen().at(-2) ?? "", /^held back by the brokers: a quota/)
      yield* after(4)
      assert.notInclude(terminal.screen().join(), "quota")
    }))

  it.effect("what is over soon shows nothing", () =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 80, rows: 24 })
      yield* commandOn(terminal, showProgress(shown, reading)(Effect.void))
      assert.deepStrictEqual(terminal.screen(), [""])
    }))

  it.effect("as long as there is nothing to tell of, nothing is told", () =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 80, rows: 24 })
      const waiting = showProgress(shown, reading)(Effect.sleep("1 minute"))
      const running = yield* Effect.fork(commandOn(terminal, waiting))
      yield* after(60)
      yield* Fiber.join(running)
      assert.deepStrictEqual(terminal.screen(), [""])
    }))

  it.effect("log lines stand whole above the bars, long ones and those of workers too", () =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 40, rows: 24 })
      const logging = Effect.gen(function*() {
        yield* Effect.logInfo("first")
        yield* Effect.sleep("2100 millis")
        yield* Effect.logInfo("x".repeat(60))
        yield* Console.error("from a worker")
        yield* Effect.sleep("2 seconds")
        yield* Effect.logInfo("last")
        yield* Effect.sleep("10 minutes")
      })
      const both = Effect.zip(logging, work, { concurrent: true })
      yield* Effect.fork(commandOn(terminal, showProgress(shown, reading)(both)))
      yield* after(5)
      const screen = terminal.screen()
      const bars = screen.findIndex((line) => line.startsWith("TOPIC"))
      assert.deepStrictEqual(
        screen.slice(bars).map((line) => line.split(" ")[0]),
        ["TOPIC", "orders", "all", ""]
      )
      assert.match(
        screen.slice(0, bars).join(""),
        /^time=\S+ level=INFO ?msg=first ?time=\S+ level=INFO msg=x{60}from a worker ?time=\S+ level=INFO ?msg=last$/
      )
      assert.strictEqual(screen.join("\n").match(/TOPIC/g)?.length, 1)
    }))

  it.effect("nothing is broken by lines, whatever the size becomes", () =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 100, rows: 24 })
      yield* Effect.fork(commandOn(terminal, showProgress(shown, reading)(work)))
      yield* after(3)
      for (const [columns, rows] of [[40, 10], [200, 50], [20, 4], [80, 2]] as const) {
        Object.assign(terminal, { columns, rows })
        yield* after(0.5)
        assert.strictEqual(terminal.broken(), 0)
        for (const line of terminal.screen()) assert.isBelow([...line].length, columns)
        assert.isAtMost(terminal.screen().length, rows)
      }
    }))

  it.effect("a stop and a failure end the bars too", () =>
    Effect.gen(function*() {
      for (const end of ["interrupt", "fail"] as const) {
        const terminal = fakeTerminal({ columns: 80, rows: 24 })
        const failing = Effect.zipRight(Effect.sleep("4500 millis"), Effect.fail("broken"))
        const command = end === "fail" ? Effect.raceFirst(work, failing) : work
        const running = yield* Effect.fork(commandOn(
          terminal,
          showProgress(shown, reading)(command).pipe(
            Effect.onExit(() => Effect.logError("over"))
          )
        ))
        yield* after(4.6)
        const exit = yield* end === "fail" ? Fiber.await(running) : Fiber.interrupt(running)
        assert.isTrue(Exit.isFailure(exit))
        const [last, error] = terminal.screen()
        assert.match(last ?? "", /^40% of 1 topic read: 40 bytes, 4 records in 5s/)
        assert.match(error ?? "", /msg=over/)
      }
    }))

  it.effect("-no-progress leaves the terminal alone", () =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 80, rows: 24 })
      const running = yield* Effect.fork(commandOn(terminal, showProgress(quietly, reading)(work)))
      yield* after(60)
      yield* Fiber.join(running)
      assert.deepStrictEqual(terminal.screen(), [""])
    }))
})

describe("not on a terminal", () => {
  const linesOf = (seconds: number, variables: Readonly<Record<string, string>> = {}) =>
    Effect.gen(function*() {
      const terminal = fakeTerminal({ columns: 10_000, rows: 24 })
      const pipe = { ...terminal, isTTY: variables["TERM"] !== undefined }
      const long = Effect.zipRight(workOf(25), Effect.never)
      yield* long.pipe(
        showProgress(shown, reading),
        Effect.provide(loggingLayer({ logLevel: "INFO", logFormat: "text" })),
        onStage(pipe),
        Effect.withConsole(consoleOf(terminal)),
        Effect.provide(withVariables(variables)),
        Effect.fork
      )
      yield* after(seconds)
      return terminal.screen().slice(0, -1).map((line) => line.replace(/^time=\S+ /, ""))
    })

  it.effect("a line each ten seconds says how far it is, and none when nothing has moved", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* linesOf(9), [])
      const lines = yield* linesOf(100)
      assert.strictEqual(
        lines[0],
        "level=INFO msg=progress bytes=100 eta=15s mib_per_s=0 percent=40 records=10 records_per_s=1 topics=1 topics_done=0"
      )
      assert.match(lines[1] ?? "", /bytes=200 eta=5s .*percent=80 /)
      assert.match(lines[2] ?? "", /bytes=250 mib_per_s=0 percent=100 .*topics_done=1$/)
      assert.lengthOf(lines, 3)
    }))

  it.effect("nor on a terminal that can do nothing", () =>
    Effect.gen(function*() {
      assert.lengthOf(yield* linesOf(15, { TERM: "dumb" }), 1)
    }))
})

describe("what is known of a terminal", () => {
  const known = (variables: Readonly<Record<string, string>>, colors = true) =>
    terminalOf(fakeTerminal({ columns: 80, rows: 24 }, colors)).pipe(
      Effect.map((terminal) => terminal && [terminal.color, terminal.unicode]),
      Effect.provide(withVariables(variables))
    )

  it.effect("NO_COLOR, when it is not empty, and the locale", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* known(utf8), [true, true])
      assert.deepStrictEqual(yield* known({ ...utf8, NO_COLOR: "" }), [true, true])
      assert.deepStrictEqual(yield* known({ ...utf8, NO_COLOR: "1" }), [false, true])
      assert.deepStrictEqual(yield* known(utf8, false), [false, true])
      assert.deepStrictEqual(yield* known({ ...utf8, LC_ALL: "C" }), [true, false])
      assert.deepStrictEqual(yield* known({ LANG: "", LC_CTYPE: "de_DE.utf8" }), [true, true])
      assert.isUndefined(yield* known({ TERM: "dumb" }))
      assert.isUndefined(yield* terminalOf({ write: () => undefined }))
    }))
})

describe("the screen", () => {
  it("what the terminal echoes is gone with the next drawing", () => {
    const terminal = fakeTerminal({ columns: 20, rows: 10 })
    const screen = makeScreen(terminal)
    screen.show(["one", "two", "three"])
    terminal.write("^C")
    screen.show(["four", "five"])
    assert.deepStrictEqual(terminal.screen(), ["four", "five", ""])
    terminal.write("^C")
    screen.above("said")
    terminal.write("^C")
    screen.end("over")
    assert.deepStrictEqual(terminal.screen(), ["said", "over", ""])
  })
})
