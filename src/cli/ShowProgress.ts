/** Shows how far a command is while it works: bars on a terminal, else a line now and then. */
import { Clock, Effect, Schedule, Scope } from "effect"
import { throttledMs } from "../../services/Metrics.ts"
import type { ProgressBoard, Reading } from "../../services/Progress.ts"
import { makeProgress, Progress } from "../../services/Progress.ts"
import { workerLink } from "./Live.ts"
import type { ProgressValues } from "./OperationsFlags.ts"
import { lastLine, progressLines } from "./ProgressBars.ts"
import type { Aim } from "./ProgressColumns.ts"
import { progressFields } from "./ProgressLine.ts"
import { makePaces } from "./ProgressRates.ts"
import { makeScreen } from "./Screen.ts"
import type { Stage, StageTerminal } from "./Stage.ts"
import { CurrentStage } from "./Stage.ts"
import { tellProgress } from "./TellProgress.ts"

/** What is over sooner needs no bars. */
const drawAfter = "1 second"
const drawEvery = "250 millis"
const logEvery = "10 seconds"

/** Of this process and of its workers. */
const readingOf = (board: ProgressBoard): Effect.Effect<Reading> =>
  Effect.map(throttledMs, (own) => {
    const reading = board.read()
    return { ...reading, throttledMs: reading.throttledMs + own }
  })

type Shown = Effect.Effect<unknown, never, Scope.Scope>

const bars = (
  board: ProgressBoard,
  aim: Aim,
  { share }: Stage,
  terminal: StageTerminal
): Shown =>
  Effect.gen(function*() {
    const screen = makeScreen(terminal)
    const pacesOf = makePaces()
    const beganMs = yield* Clock.currentTimeMillis
    let drawn = false
    const now = Effect.zipWith(
      Clock.currentTimeMillis,
      readingOf(board),
      (ms, reading) => ({ ms, paces: pacesOf(reading, ms) })
    )
    const draw = Effect.map(now, ({ paces }) => {
      if (paces.topics.length === 0) return
      screen.show(progressLines(paces, aim.steps, terminal))
      // Lines that come from now on leave it where it is.
      if (!drawn) share(screen)
      drawn = true
    })
    // Rates are counted from here on.
    yield* now
    yield* Effect.addFinalizer(() =>
      Effect.map(now, ({ ms, paces }) => {
        share(undefined)
        if (drawn) screen.end(lastLine(paces, aim, (ms - beganMs) / 1000, terminal))
      })
    )
    yield* Effect.forkScoped(
      Effect.delay(Effect.repeat(draw, Schedule.spaced(drawEvery)), drawAfter)
    )
  })

/** Nothing when nothing has moved since the last line. */
const lines = (board: ProgressBoard): Shown =>
  Effect.gen(function*() {
    const pacesOf = makePaces()
    let last: string | undefined
    const look = Effect.gen(function*() {
      const paces = pacesOf(yield* readingOf(board), yield* Clock.currentTimeMillis)
      const { bytes, done, records } = paces.all
      const counts = [records, bytes, done].join()
      const moved = last !== undefined && last !== counts
      last = counts
      if (moved) yield* Effect.annotateLogs(Effect.logInfo("progress"), progressFields(paces))
    })
    yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(logEvery)))
  })

const shownOn = (stage: Stage, board: ProgressBoard, aim: Aim): Shown => {
  if (workerLink !== undefined) return tellProgress(board, workerLink)
  return stage.terminal === undefined ? lines(board) : bars(board, aim, stage, stage.terminal)
}

/** As the flags and the terminal have it. */
export const showProgress =
  ({ noProgress }: ProgressValues, aim: Aim) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    noProgress ? work : Effect.scopedWith((scope) =>
      Effect.gen(function*() {
        const board = makeProgress()
        const stage = yield* CurrentStage
        yield* Scope.extend(shownOn(stage, board, aim), scope)
        return yield* Effect.provideService(work, Progress, board)
      })
    )
