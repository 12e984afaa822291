/** Shows how far a command is while it works: bars on a terminal, else a line now and then. */
import { Clock, Effect, Schedule, Scope } from "effect"
import type { ProgressBoard, TopicProgress } from "../../services/Progress.ts"
import { makeProgress, Progress } from "../../services/Progress.ts"
import type { WorkerLink } from "../../services/WorkerLink.ts"
import { workerLink } from "./Live.ts"
import type { ProgressValues } from "./OperationsFlags.ts"
import { lastLine, progressLines } from "./ProgressBars.ts"
import type { Aim } from "./ProgressColumns.ts"
import { progressFields } from "./ProgressLine.ts"
import { makePaces } from "./ProgressRates.ts"
import { makeScreen } from "./Screen.ts"
import type { Stage, StageTerminal } from "./Stage.ts"
import { CurrentStage } from "./Stage.ts"

/** What is over sooner needs no bars. */
const drawAfter = "1 second"
const drawEvery = "250 millis"
const logEvery = "10 seconds"
const tellEvery = "1 second"

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
    const now = Effect.map(
      Clock.currentTimeMillis,
      (ms) => ({ ms, paces: pacesOf(board.read(), ms) })
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
    let last = ""
    const look = Effect.flatMap(Clock.currentTimeMillis, (ms) => {
      const paces = pacesOf(board.read(), ms)
      const { bytes, done, records } = paces.all
      const counts = [records, bytes, done].join()
      if (last === "" || counts === last) {
        last = counts
        return Effect.void
      }
      last = counts
      return Effect.annotateLogs(Effect.logInfo("progress"), progressFields(paces))
    })
    yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(logEvery)))
  })

/** From a worker: what has changed, and at the end the last of it. */
const told = (board: ProgressBoard, link: WorkerLink): Shown => {
  const known = new Map<string, TopicProgress>()
  const isNews = (now: TopicProgress): boolean => {
    const before = known.get(now.topic)
    known.set(now.topic, now)
    return before === undefined || before.records !== now.records || before.bytes !== now.bytes ||
      before.done !== now.done || before.earlier !== now.earlier || before.total !== now.total
  }
  const tell = Effect.sync(() => {
    const { complete, topics } = board.read()
    link.send({ _tag: "Progress", complete, topics: topics.filter(isNews) })
  })
  return Effect.zipRight(
    Effect.addFinalizer(() => tell),
    Effect.forkScoped(Effect.repeat(tell, Schedule.spaced(tellEvery)))
  )
}

const shownOn = (stage: Stage, board: ProgressBoard, aim: Aim): Shown => {
  if (workerLink !== undefined) return told(board, workerLink)
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
