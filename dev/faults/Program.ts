/** A program that is kept running until it is told otherwise, as a process supervisor does. */
import { Deferred, Effect } from "effect"
import type { Child } from "../stack/Child.ts"
import { startChild } from "../stack/Child.ts"
import type { Watchdog } from "../stack/Watchdog.ts"
import { logSize, logText, membersIn, readLog, told } from "./ProgramLog.ts"
import type { Trouble } from "./Trouble.ts"

export interface ProgramOptions {
  readonly name: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
  /** It ends by itself, and is started again after so long. */
  readonly everyMs?: number
}

export interface Program {
  readonly name: string
  readonly logFile: string
  /** One action at a time. */
  readonly turn: <A, E, R>(action: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly running: () => boolean
  readonly start: Effect.Effect<void>
  /** Ends it; it stays so until `start`. */
  readonly end: (signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
  readonly signal: (signal: "SIGSTOP" | "SIGCONT" | "SIGUSR1") => Effect.Effect<void>
  /** Returns when it has just finished a file, most likely with the next one in its hands. */
  readonly atWork: Effect.Effect<void>
  /** The id that it has in its group, or had when it ended, if it has joined since its start. */
  readonly member: () => string | undefined
}

/** A supervisor waits before it starts again what has given up. */
const restartMs = 1000

/** Longer than anything that a program may do before it stops. */
const stopPatience = "60 seconds"

/** What they say when they have finished a file. */
const finishedFile = /"msg":"(archived|archive file restored)"/

/** Does not wait for ever: it may have nothing to do. */
const hasWorked = (logFile: string, from: number) =>
  Effect.sync(() => finishedFile.test(logText(logFile, from))).pipe(
    Effect.zipLeft(Effect.sleep("10 millis")),
    Effect.repeat({ until: (worked) => worked }),
    Effect.timeout("4 seconds"),
    Effect.ignore
  )

interface State {
  wanted: boolean
  starting: boolean
  asked: "SIGTERM" | "SIGKILL" | undefined
  child: Child | undefined
  /** Where in the log its last start is. */
  from: number
}

/** Whether it may end this way; what it says of itself when it gives up. */
const judge = (
  { everyMs, logFile, name }: ProgramOptions,
  { asked, from }: State,
  trouble: Trouble,
  outcome: number | string
): void => {
  if (asked === "SIGKILL") return
  if (outcome === 0 && (asked === "SIGTERM" || everyMs !== undefined)) return
  const { lines } = readLog(logFile, from)
  // Asked before its runtime had come so far as to listen to signals, or after its work was done.
  const deaf = lines.length === 0 || everyMs !== undefined
  if (outcome === "SIGTERM" && asked === "SIGTERM" && deaf) return
  const last = lines.findLast(({ level }) => level === "ERROR")
  const words = last === undefined ? "without a word" : told(last)
  if (outcome === 1 && last !== undefined && trouble.excuses()) {
    return trouble.gaveUp(`${name.replace(/-\d+$/, "")}: ${words}`)
  }
  const cause = asked === undefined ? "by itself" : `on ${asked}`
  trouble.problem(`${name} ended ${cause} with ${outcome}: ${words}`)
}

/** Killed with the scope. */
export const makeProgram = Effect.fnUntraced(
  function*(watchdog: Watchdog, trouble: Trouble, options: ProgramOptions) {
    const { everyMs = restartMs, logFile, name } = options
    const [command, ...args] = options.command
    const state: State = {
      wanted: false,
      starting: false,
      asked: undefined,
      child: undefined,
      from: 0
    }

    const life = Effect.gen(function*() {
      if (!state.wanted) return yield* Effect.sleep("50 millis")
      state.starting = true
      state.from = logSize(logFile)
      state.asked = undefined
      const child = yield* startChild(watchdog, { name, command, args, env: options.env, logFile })
      state.child = child
      state.starting = false
      const outcome = yield* Deferred.await(child.ended)
      state.child = undefined
      judge(options, state, trouble, outcome)
      yield* Effect.sleep(everyMs)
    })
    yield* Effect.forkScoped(Effect.forever(life))
    yield* Effect.addFinalizer(() => state.child?.signal("SIGKILL") ?? Effect.void)

    const signal = (signal: NodeJS.Signals) =>
      Effect.suspend(() => state.child?.signal(signal) ?? Effect.void)
    const end = (asked: "SIGTERM" | "SIGKILL") =>
      Effect.gen(function*() {
        state.wanted = false
        while (state.starting) yield* Effect.sleep("20 millis")
        const { child } = state
        if (child === undefined) return
        state.asked = asked
        yield* child.signal(asked)
        yield* Deferred.await(child.ended).pipe(
          Effect.timeoutTo({
            duration: stopPatience,
            onSuccess: () => Effect.void,
            onTimeout: () =>
              Effect.suspend(() => {
                trouble.problem(`${name} does not stop within ${stopPatience}`)
                state.asked = "SIGKILL"
                return Effect.zipRight(child.signal("SIGKILL"), Deferred.await(child.ended))
              })
          }),
          Effect.flatten
        )
        while (state.child === child) yield* Effect.sleep("20 millis")
      })
    const semaphore = yield* Effect.makeSemaphore(1)
    const program: Program = {
      name,
      logFile,
      turn: semaphore.withPermits(1),
      running: () => state.wanted,
      start: Effect.sync(() => void (state.wanted = true)),
      end,
      signal,
      atWork: Effect.suspend(() => hasWorked(logFile, logSize(logFile))),
      member: () => membersIn(readLog(logFile, state.from)).at(-1)
    }
    return program
  }
)
