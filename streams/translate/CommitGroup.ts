/** Commits the places of one group in one request, and proves by reading that they are there. */
import { Effect, Either } from "effect"
import { Kafka, KafkaError } from "../../services/Kafka.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import { isRetriable } from "../../src/codec/kafka/ErrorCodes.ts"
import { byPartitionName, topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { sameMetadata } from "./Existing.ts"
import { liveMembers, saysLiveMembers } from "./Members.ts"
import type { Patiently } from "./Patience.ts"
import type { Book, Open, Place, Sent } from "./Settle.ts"
import { fail, refuse, restored, wait } from "./Settle.ts"

export interface Placed {
  readonly open: Open
  readonly place: Place
}

interface Sending {
  readonly open: Open
  readonly sent: Sent
}

const leftOut = "metadata left out, it is larger than offset.metadata.max.bytes of the target"

const nameOf = ({ open }: Sending): string => topicPartitionName(open.target)

/** The answer for each, by name. What can succeed in a moment is sent again while patience lasts. */
const send = (group: string, all: ReadonlyArray<Sending>, patiently: Patiently) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const member = { groupId: group, generation: -1, memberId: "" }
    const answers = new Map<string, KafkaErrorName | undefined>()
    const unanswered = (each: Sending) => {
      const error = answers.get(nameOf(each))
      return error === undefined ? !answers.has(nameOf(each)) : isRetriable(error)
    }
    const attempt = Effect.gen(function*() {
      // The leader epochs of the source say nothing about the partitions of the target.
      const offsets = all.filter(unanswered).map(({ open, sent: { metadata, offset } }) => (
        { ...open.target, offset, leaderEpoch: -1, metadata }
      ))
      for (const answer of yield* kafka.commitOffsets(member, offsets)) {
        answers.set(topicPartitionName(answer), answer.error)
      }
      const reason = [...answers.values()].find((error) =>
        error !== undefined && isRetriable(error)
      )
      if (reason === undefined) return
      return yield* new KafkaError({ operation: "commit", subject: group, reason, cause: "" })
    })
    yield* patiently(attempt).pipe(Effect.catchIf(() => answers.size > 0, () => Effect.void))
    return answers
  })

/** Settles what can be read back as it was sent. */
const confirm = (
  group: string,
  all: ReadonlyArray<Sending>,
  patiently: Patiently,
  book: Book
) =>
  Effect.gen(function*() {
    const kafka = yield* Kafka
    const read = yield* Effect.either(
      patiently(kafka.fetchOffsets(group, all.map(({ open }) => open.target)))
    )
    if (Either.isLeft(read)) {
      const reason = `committed, but it cannot be read back: ${read.left.message}`
      for (const { open } of all) wait(book, open, "trouble", reason)
      return
    }
    const answers = byPartitionName(read.right)
    for (const each of all) {
      const { open, sent } = each
      const found = answers.get(nameOf(each))
      if (found === undefined || found.error !== undefined) {
        const error = found?.error ?? "MALFORMED_RESPONSE"
        refuse(book, open, error, `committed, but it cannot be read back: ${error}`)
      } else if (found.offset !== sent.offset) {
        const reason = `committed as ${sent.offset}, but read back as ${found.offset}`
        fail(book, open, reason)
      } else if (!sameMetadata(found.metadata, sent.metadata)) {
        fail(
          book,
          open,
          `committed, but the metadata is read back as ${JSON.stringify(found.metadata)}`
        )
      } else restored(book, open, sent)
    }
  })

const withoutMetadata = ({ open, sent }: Sending): Sending => ({
  open,
  sent: {
    ...sent,
    metadata: null,
    reason: sent.reason === "" ? leftOut : `${sent.reason}; ${leftOut}`
  }
})

/**
 * One OffsetCommit for all places of the group, and a second one for those whose metadata alone is
 * refused. Every position is settled or waits afterwards; a failure concerns this group only.
 */
export const commitGroup = (
  group: string,
  placed: ReadonlyArray<Placed>,
  patiently: Patiently,
  book: Book
): Effect.Effect<void, never, Kafka> =>
  Effect.gen(function*() {
    /** Those that the coordinator has taken, and those whose metadata is too large for it. */
    const sendAll = (all: ReadonlyArray<Sending>) =>
      Effect.gen(function*() {
        // Noted before the answer is there, because that can be lost on its way.
        for (const { open, sent } of all) open.sent = sent
        const taken: Array<Sending> = []
        const tooLarge: Array<Sending> = []
        const sent = yield* Effect.either(send(group, all, patiently))
        if (Either.isLeft(sent)) {
          for (const { open } of all) refuse(book, open, sent.left.reason, sent.left.message)
          return { taken, tooLarge }
        }
        for (const each of all) {
          const answered = sent.right.has(nameOf(each))
          const error = answered ? sent.right.get(nameOf(each)) : "MALFORMED_RESPONSE"
          if (error === undefined) taken.push(each)
          else if (error === "OFFSET_METADATA_TOO_LARGE") tooLarge.push(each)
          else if (saysLiveMembers(error)) {
            wait(book, each.open, "trouble", liveMembers(`a commit is answered ${error}`))
          } else refuse(book, each.open, error, `the commit is refused: ${error}`)
        }
        return { taken, tooLarge }
      })

    const first = yield* sendAll(placed.map(({ open, place }) => (
      { open, sent: { ...place, metadata: open.committed.metadata } }
    )))
    const second = first.tooLarge.length === 0
      ? { taken: [], tooLarge: [] }
      : yield* sendAll(first.tooLarge.map(withoutMetadata))
    for (const { open } of second.tooLarge) {
      fail(book, open, "the commit is refused: OFFSET_METADATA_TOO_LARGE")
    }
    const taken = [...first.taken, ...second.taken]
    if (taken.length > 0) yield* confirm(group, taken, patiently, book)
  })
