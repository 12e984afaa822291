/** What a broker's answer to a produce request means for the restore. */
import type { KafkaError } from "../../services/Kafka.ts"
import type { BatchFacts } from "./FileItems.ts"
import { OwnershipLost, ProducerReset, RestoreFailure } from "./Outcome.ts"
import type { Target } from "./PlanState.ts"

const newerEpoch = new Set(["INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED"])

/** Somebody has taken over with the same transactional id. */
export const isFenced = (error: KafkaError): boolean => newerEpoch.has(error.reason)

/** The broker has lost, or never had, what the sequence continues. */
const unknownSequence = new Set(["OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID"])

const records = (batch: BatchFacts): string =>
  batch.recordCount === 1
    ? `the record at source offset ${batch.firstSourceOffset}`
    : `the records at source offsets ${batch.firstSourceOffset} to ${batch.lastSourceOffset}`

export interface Sized {
  readonly batch: BatchFacts
  readonly file: string
  /** Bytes of the whole batch as sent. */
  readonly size: number
}

export const tooLarge = (target: Target, sent: Sized, limit: number): RestoreFailure =>
  new RestoreFailure({
    partition: target.partition,
    reason: `${records(sent.batch)} ${sent.batch.recordCount === 1 ? "takes" : "take"} ` +
      `${sent.size} bytes, the target's max.message.bytes is ${limit}: raise it`,
    file: sent.file,
    sourceOffset: sent.batch.firstSourceOffset
  })

/** Sending the same bytes again can succeed; the sequence keeps them from being doubled. */
export const worthRepeating = (error: KafkaError): boolean =>
  error.retriable || error.reason === "OUT_OF_ORDER_SEQUENCE_NUMBER"

/** The end of the matter, when repeating has not helped. */
export const verdictOf = (
  target: Target,
  sent: Sized,
  limit: number,
  error: KafkaError
): RestoreFailure | OwnershipLost | ProducerReset => {
  if (isFenced(error)) return new OwnershipLost({ message: error.message })
  if (unknownSequence.has(error.reason)) return new ProducerReset({ message: error.message })
  if (error.reason === "MESSAGE_TOO_LARGE") return tooLarge(target, sent, limit)
  const why = error.retriable ? "were not acknowledged in time" : "were refused"
  return new RestoreFailure({
    partition: target.partition,
    reason: `${records(sent.batch)} ${why}: ${error.message}`,
    file: sent.file,
    sourceOffset: sent.batch.firstSourceOffset
  })
}
