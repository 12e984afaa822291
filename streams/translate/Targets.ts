/** Whether the target has the partitions that positions are wanted for. */
import { Effect } from "effect"
import type { TopicMetadata } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { OnMissingTopic } from "../../src/domain/Translation.ts"
import { patiently } from "../ReadLog.ts"
import type { Book, Open } from "./Settle.ts"
import { fail, missing, refuse, wait } from "./Settle.ts"

/** What the target lacks; `undefined`: nothing. */
const lackOf = (found: TopicMetadata | undefined, wanted: TopicPartition): string | undefined => {
  const { error, partitions } = found ?? { error: "UNKNOWN_TOPIC_OR_PARTITION", partitions: [] }
  if (error === "UNKNOWN_TOPIC_OR_PARTITION" || error === "UNKNOWN_TOPIC_ID") {
    return "the target does not have the topic"
  }
  return error !== undefined || partitions.some(({ partition }) => partition === wanted.partition)
    ? undefined
    : `the topic has fewer partitions in the target: ${partitions.length}`
}

const lack = (book: Book, open: Open, policy: OnMissingTopic, reason: string): void => {
  if (policy === "skip") missing(book, open, reason)
  else if (policy === "wait") wait(book, open, "choice", reason)
  else fail(book, open, reason)
}

/** Positions whose partition is there; by the policy the others are settled, or wait. */
export const presentTargets = (
  open: ReadonlyArray<Open>,
  policy: OnMissingTopic,
  book: Book
) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const names = [...new Set(open.map(({ target }) => target.topic))]
    if (names.length === 0) return []
    const { topics } = yield* patiently("30 seconds")(kafka.metadata(names))
    const byName = new Map(topics.map((topic) => [topic.topic, topic]))
    return open.filter((position) => {
      const found = byName.get(position.target.topic)
      const reason = lackOf(found, position.target)
      if (reason !== undefined) lack(book, position, policy, reason)
      else if (found?.error !== undefined) {
        refuse(book, position, found.error, `the topic cannot be used: ${found.error}`)
      } else return true
      return false
    })
  })
