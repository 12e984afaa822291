/** What the groups have committed in the target already; that is never touched. */
import { Effect, Either } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { CommittedOffset } from "../../services/Kafka.ts"
import { byPartitionName, topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { byGroup, groupsAtOnce, sharedPatience } from "./Patience.ts"
import type { Book, Open } from "./Settle.ts"
import { existing, refuse, restored } from "./Settle.ts"

export const sameMetadata = (one: string | null, other: string | null): boolean =>
  (one ?? "") === (other ?? "")

interface Found {
  readonly open: Open
  readonly offset: bigint
}

/** Ends of the partitions, as far as they can be had: only the lag depends on them. */
const endsOf = (found: ReadonlyArray<Found>) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const targets = byPartitionName(found.map(({ open }) => open.target))
    if (targets.size === 0) return new Map<string, bigint>()
    const answers = yield* kafka.listOffsets([...targets.values()], "stable").pipe(
      Effect.catchAll((error) =>
        Effect.as(Effect.logDebug("ends of partitions are not known, no lag is told", error), [])
      )
    )
    return new Map(
      answers.filter(({ error }) => error === undefined)
        .map((answer) => [topicPartitionName(answer), answer.offset])
    )
  })

/**
 * Positions whose group has no offset for the partition yet. One that has is settled: as restored
 * when it is what this run has sent before and could not confirm, else as existing.
 */
export const withoutOffset = (open: ReadonlyArray<Open>, book: Book) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const patiently = yield* sharedPatience
    const remaining: Array<Open> = []
    const found: Array<Found> = []

    const take = (position: Open, answer: CommittedOffset | undefined): void => {
      const { sent } = position
      const { error, metadata, offset } = answer ??
        { error: "MALFORMED_RESPONSE" as const, metadata: null, offset: -1n }
      if (error !== undefined) {
        refuse(book, position, error, `the group's offset cannot be read: ${error}`)
      } else if (offset < 0n) remaining.push(position)
      else if (sent?.offset === offset && sameMetadata(metadata, sent.metadata)) {
        restored(book, position, sent)
      } else found.push({ open: position, offset })
    }

    yield* Effect.forEach(
      byGroup(open),
      ([group, positions]) =>
        Effect.map(
          Effect.either(
            patiently(kafka.fetchOffsets(group, positions.map(({ target }) => target)))
          ),
          Either.match({
            onLeft: (error) => {
              for (const each of positions) refuse(book, each, error.reason, error.message)
            },
            onRight: (answers) => {
              const byName = byPartitionName(answers)
              for (const each of positions) {
                take(each, byName.get(topicPartitionName(each.target)))
              }
            }
          })
        ),
      { concurrency: groupsAtOnce, discard: true }
    )
    const ends = yield* endsOf(found)
    for (const { offset, open } of found) {
      existing(book, open, offset, ends.get(topicPartitionName(open.target)))
    }
    return remaining
  })
