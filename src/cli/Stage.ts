/** Where log lines and progress meet: on a terminal, lines go on above what stays at its foot. */
import type { Console } from "effect"
import { Config, Context, Effect } from "effect"
import type { Look } from "./ProgressBars.ts"
import type { Screen, Terminal } from "./Screen.ts"

/** The size is that of now. */
export interface StageTerminal extends Terminal, Look {}

export interface Stage {
  /** `undefined`: lines go to a file, a pipe, or a terminal that cannot do more. */
  readonly terminal: StageTerminal | undefined
  /** From now on lines are written above its foot; `undefined`: as they come. */
  readonly share: (screen: Screen | undefined) => void
}

/** No terminal, unless one is provided. */
export class CurrentStage extends Context.Reference<CurrentStage>()("kafka-data-keep/Stage", {
  defaultValue: (): Stage => ({ terminal: undefined, share: () => undefined })
}) {}

/** What is needed of `process.stderr`. */
export interface ErrorStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  readonly hasColors?: () => boolean
  readonly write: (text: string) => unknown
}

const variable = (name: string): Effect.Effect<string> =>
  Effect.orElseSucceed(Config.string(name), () => "")

/** What locales say: `LC_ALL` beats `LC_CTYPE`, which beats `LANG`. */
const isUnicode = Effect.map(
  Effect.all([variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG")]),
  (locales) => /utf-?8/i.test(locales.find((locale) => locale !== "") ?? "")
)

/** What is at the other end of the stream; `undefined` when nothing can be drawn there. */
export const terminalOf = (stream: ErrorStream): Effect.Effect<StageTerminal | undefined> =>
  Effect.gen(function*() {
    const term = yield* variable("TERM")
    if (stream.isTTY !== true || term === "dumb") return undefined
    // https://no-color.org: set, and not empty.
    const color = (yield* variable("NO_COLOR")) === "" && (stream.hasColors?.() ?? false)
    return {
      unicode: yield* isUnicode,
      color,
      get columns() {
        return stream.columns ?? 80
      },
      get rows() {
        return stream.rows ?? 24
      },
      write: (text) => void stream.write(text)
    }
  })

const consoleWith = (own: Console.Console, error: (line: string) => void): Console.Console => {
  const write = (...parts: ReadonlyArray<unknown>) => error(parts.join(" "))
  return {
    ...own,
    error: (...parts: ReadonlyArray<unknown>) => Effect.sync(() => write(...parts)),
    unsafe: { ...own.unsafe, error: write }
  }
}

/** Runs a command with a stage: all that goes to stderr through the console goes over it. */
export const onStage =
  (stream: ErrorStream) => <A, E, R>(command: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function*() {
      const own = yield* Effect.console
      const terminal = yield* terminalOf(stream)
      let screen: Screen | undefined
      const stage: Stage = {
        terminal,
        share: (next) => {
          screen = next
        }
      }
      const line = (text: string) => {
        if (screen === undefined) own.unsafe.error(text)
        else screen.above(text)
      }
      return yield* command.pipe(
        Effect.provideService(CurrentStage, stage),
        Effect.withConsole(consoleWith(own, line))
      )
    })
