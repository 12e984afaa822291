/** The status of each group and topic as a metric, by their names in the snapshot. */
import { Effect, Metric } from "effect"
import { groupsRestoreStatus } from "../../services/Metrics.ts"
import type { Book, Settlement } from "./Settle.ts"
import type { Wanted } from "./Wanted.ts"

/** Values as the original has them. */
const status = { scheduled: 0, inProgress: 1, skipped: 2, alreadyRestored: 3, restored: 4 }

interface Topic {
  readonly group: string
  readonly topic: string
  positions: number
  readonly settled: Record<Settlement, number>
}

const idOf = ({ group, source }: Wanted): string => `${group.source}\u0000${source.topic}`

const topicsOf = (positions: ReadonlyArray<Wanted>): ReadonlyMap<string, Topic> => {
  const topics = new Map<string, Topic>()
  for (const position of positions) {
    const id = idOf(position)
    const settled = { restored: 0, existing: 0, missing: 0, failed: 0 }
    const topic = topics.get(id) ??
      { group: position.group.source, topic: position.source.topic, positions: 0, settled }
    topic.positions += 1
    topics.set(id, topic)
  }
  return topics
}

const statusOf = ({ positions, settled }: Topic): number => {
  const { existing, failed, missing, restored } = settled
  if (failed > 0 || restored + existing + missing < positions) return status.inProgress
  if (restored > 0) return status.restored
  return existing > 0 ? status.alreadyRestored : status.skipped
}

export interface StatusGauge {
  /** These positions are being worked on. */
  readonly begin: (positions: ReadonlyArray<Wanted>) => Effect.Effect<void>
  /** What a pass has made of positions, each settled one once. */
  readonly record: (book: Book) => Effect.Effect<void>
}

/** All of them are scheduled. */
export const makeStatusGauge = (positions: ReadonlyArray<Wanted>) =>
  Effect.gen(function*() {
    const topics = topicsOf(positions)
    const set = (changed: Iterable<Topic>, value: (topic: Topic) => number) =>
      Effect.forEach(
        changed,
        (topic) => Metric.set(groupsRestoreStatus(topic.group, topic.topic), value(topic)),
        { discard: true }
      )
    const touched = (some: ReadonlyArray<Wanted>) =>
      [...new Set(some.map(idOf))].flatMap((id) => topics.get(id) ?? [])

    yield* set(topics.values(), () => status.scheduled)
    const gauge: StatusGauge = {
      begin: (some) => Effect.suspend(() => set(touched(some), () => status.inProgress)),
      record: ({ settled, waiting }) =>
        Effect.suspend(() => {
          for (const { how, open } of settled) {
            const topic = topics.get(idOf(open))
            if (topic !== undefined) topic.settled[how] += 1
          }
          return set(touched([...settled, ...waiting].map(({ open }) => open)), statusOf)
        })
    }
    return gauge
  })
