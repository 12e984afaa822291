/** Tells the main thread how far a worker is. */
import type { Scope } from "effect"
import { Effect, Schedule } from "effect"
import { throttledMs } from "../../services/Metrics.ts"
import type { ProgressBoard, TopicProgress } from "../../services/Progress.ts"
import type { WorkerLink } from "../../services/WorkerLink.ts"

const tellEvery = "1 second"

/** What has changed, about once a second until the scope closes, and then the last of it. */
export const tellProgress = (
  board: ProgressBoard,
  link: Pick<WorkerLink, "send">
): Effect.Effect<void, never, Scope.Scope> => {
  const known = new Map<string, TopicProgress>()
  const isNews = (now: TopicProgress): boolean => {
    const before = known.get(now.topic)
    known.set(now.topic, now)
    return before === undefined || before.records !== now.records || before.bytes !== now.bytes ||
      before.done !== now.done || before.earlier !== now.earlier || before.total !== now.total
  }
  const tell = Effect.map(throttledMs, (throttledMs) => {
    const { complete, topics } = board.read()
    link.send({ _tag: "Progress", complete, topics: topics.filter(isNews), throttledMs })
  })
  return Effect.zipRight(
    Effect.addFinalizer(() => tell),
    Effect.asVoid(Effect.forkScoped(Effect.repeat(tell, Schedule.spaced(tellEvery))))
  )
}
