/**
 * Produces the batches of one target partition: at most five in flight, in order, each answer
 * checked in order; without a takeover the first alone. After an error that can pass, everything
 * unanswered is sent again, unchanged.
 */
import type { Scope } from "effect"
import { Clock, Effect, Fiber, Queue } from "effect"
import type { KafkaError, ProduceAck } from "../../services/Kafka.ts"
import { Kafka } from "../../services/Kafka.ts"
import type { TopicCounts } from "../../services/Progress.ts"
import { sealBatch } from "../../src/codec/BatchWriter.ts"
import type { BufferPool } from "../../src/codec/BufferPool.ts"
import { freeBytes } from "../../src/codec/FreeBytes.ts"
import { batchHeaderBytes } from "../../src/codec/RecordBatch.ts"
import { deliverBatch, deliveryTimeoutMs, produceOnce, requestTimeoutMs } from "../DeliverBatch.ts"
import type { Leaders } from "../Leaders.ts"
import { outcomeOf } from "../Outcomes.ts"
import { patiently } from "../ReadLog.ts"
import { checkAck } from "./CheckAck.ts"
import type { Identity } from "./FenceGate.ts"
import type { Fencing } from "./Fencing.ts"
import { damaged } from "./FileAssembly.ts"
import type { BatchToSend, BudgetShare, FileEnd, OutItem, Section } from "./FileItems.ts"
import type { ProducerReset } from "./Outcome.ts"
import { OwnershipLost, RestoreFailure } from "./Outcome.ts"
import type { Pace } from "./Pace.ts"
import type { Target, TargetPosition } from "./PlanState.ts"
import type { Sized } from "./ProduceVerdict.ts"
import { tooLarge, verdictOf, worthRepeating } from "./ProduceVerdict.ts"

/** Brokers remember so many batches of an idempotent producer. */
const inFlight = 5

export type ProduceEnd = RestoreFailure | OwnershipLost | ProducerReset

/** What has been produced of a file. */
export interface FileTotals {
  readonly records: number
  /** Whole batches as sent. */
  readonly bytes: number
}

export interface Producing {
  readonly leaders: Leaders
  readonly target: Target
  readonly position: TargetPosition
  /** The target's `max.message.bytes`. */
  readonly limit: number
  readonly fencing: Fencing
  /** Takes back what the records of batches that are not compressed were assembled in. */
  readonly buffers: BufferPool
  readonly share: BudgetShare
  readonly pace: Pace
  /** What is acknowledged. */
  readonly counts: TopicCounts
  /** Whether the plan partition is still this member's. */
  readonly owned: Effect.Effect<boolean>
  readonly finished: (end: FileEnd, totals: FileTotals) => Effect.Effect<void>
  readonly scope: Scope.Scope
}

interface Sent extends Sized {
  readonly kind: "sent"
  readonly bytes: Buffer
  readonly answer: Fiber.Fiber<ProduceAck, KafkaError>
}

type Awaited = Sent | FileEnd | { readonly kind: "halt"; readonly end: ProduceEnd | undefined }

const seal = (
  { batch }: BatchToSend,
  section: Section,
  identity: Identity,
  position: TargetPosition
): Buffer => {
  if (position.generation !== identity.generation) {
    position.generation = identity.generation
    position.sequence = 0
  }
  const baseSequence = position.sequence
  position.sequence = (baseSequence + batch.recordCount) % 0x8000_0000
  return sealBatch({
    records: section.bytes,
    compressed: section.bytes,
    compression: section.compression,
    recordCount: batch.recordCount,
    lastOffsetDelta: batch.recordCount - 1,
    baseTimestamp: batch.baseTimestamp,
    maxTimestamp: batch.maxTimestamp,
    producerId: identity.producerId,
    producerEpoch: identity.epoch,
    baseSequence
  })
}

/** Returns when a stop has come through and everything before it is acknowledged. */
export const produce = (
  producing: Producing,
  out: Queue.Dequeue<OutItem>
): Effect.Effect<void, ProduceEnd, Kafka> =>
  Effect.gen(function*() {
    const { buffers, counts, leaders, limit, position, scope, share, target } = producing
    const { gate } = producing.fencing
    const kafka = yield* Kafka
    const permits = yield* Effect.makeSemaphore(inFlight)
    let isAlone = false
    // Held while a batch is put on the wire, and as long as batches are sent again.
    const wire = yield* Effect.makeSemaphore(1)
    const awaited = yield* Queue.unbounded<Awaited>()
    let inside = 0
    let totals = { records: 0, bytes: 0 }

    const putOnWire = (item: BatchToSend, section: Section, size: number, identity: Identity) =>
      Effect.gen(function*() {
        const leader = leaders.of(target.partition)
        const broker = yield* Effect.orElse(leader, () => patiently("30 seconds")(leader))
        const bytes = seal(item, section, identity, position)
        if (section.compression === "none") buffers.give(section.bytes)
        else freeBytes(section.bytes)
        const request = { ...target.partition, broker, batch: bytes, timeoutMs: requestTimeoutMs }
        const answer = yield* Effect.forkIn(produceOnce(kafka, request), scope)
        const { batch, file } = item
        yield* Queue.offer(awaited, { kind: "sent", batch, file: file.key, size, bytes, answer })
      })

    const send = (item: BatchToSend): Effect.Effect<void, ProduceEnd> =>
      Effect.gen(function*() {
        const section = yield* Effect.mapError(
          outcomeOf(item.section),
          (error) => damaged(target, item.file, error)
        )
        const size = batchHeaderBytes + section.bytes.length
        const sized = { batch: item.batch, file: item.file.key, size }
        if (size > limit) return yield* tooLarge(target, sized, limit)
        yield* producing.pace.take(item.batch.contentBytes)
        yield* permits.take(1)
        const identity = yield* gate.enter
        inside++
        const unfenced = producing.fencing.unfenced()
        // A leader that knows nothing of the producer takes any sequence for its first: were the
        // first batch refused, as by a partition that is being made, the second would take its
        // place. The marker of a takeover prevents that.
        if (
          unfenced && (position.generation !== identity.generation || position.sequence === 0)
        ) {
          yield* permits.take(inFlight - 1)
          isAlone = true
        }
        if (unfenced && !(yield* producing.owned)) {
          return yield* new OwnershipLost({ message: "the group has a new owner for the plan" })
        }
        yield* wire.withPermits(1)(putOnWire(item, section, size, identity)).pipe(
          Effect.mapError((error) => verdictOf(target, sized, limit, error))
        )
      })

    const sendAll: Effect.Effect<void, ProduceEnd> = Effect.flatMap(Queue.take(out), (item) => {
      if (item.kind === "batch") return Effect.zipRight(send(item), sendAll)
      if (item.kind === "end") return Effect.zipRight(Queue.offer(awaited, item), sendAll)
      return Effect.asVoid(Queue.offer(awaited, { kind: "halt", end: item.failure }))
    })

    const accept = (sent: Sent, ack: ProduceAck) =>
      Effect.gen(function*() {
        yield* checkAck(leaders, target, position, sent.batch.recordCount, ack)
        position.lastSourceOffset = sent.batch.lastSourceOffset
        totals = {
          records: totals.records + sent.batch.recordCount,
          bytes: totals.bytes + sent.size
        }
        counts.records += sent.batch.recordCount
        counts.bytes += sent.size
        share.adjust(batchHeaderBytes - sent.size)
        inside--
        gate.leave()
        yield* permits.release(isAlone ? inFlight : 1)
        isAlone = false
      })

    const finish = (end: FileEnd) =>
      Effect.suspend(() => {
        const done = totals
        totals = { records: 0, bytes: 0 }
        return producing.finished(end, done)
      })

    const sendAgain = (sent: Sent) =>
      Effect.gen(function*() {
        const until = (yield* Clock.currentTimeMillis) + deliveryTimeoutMs
        const ack = yield* Effect.mapError(
          deliverBatch(leaders, target.partition, sent.bytes, until),
          (error) => verdictOf(target, sent, limit, error)
        )
        yield* accept(sent, ack)
      })

    /** All unanswered batches once more in their order, while nothing new goes onto the wire. */
    const repeatFrom = (first: Sent): Effect.Effect<boolean, ProduceEnd, Kafka> =>
      wire.withPermits(1)(Effect.gen(function*() {
        const line = [first, ...(yield* Queue.takeAll(awaited))]
        for (const one of line) if (one.kind === "sent") yield* Fiber.await(one.answer)
        leaders.forget(target.partition.topic)
        for (const one of line) {
          const answer = one.kind === "sent"
            ? yield* Effect.either(outcomeOf(one.answer))
            : undefined
          if (one.kind !== "sent" || answer?._tag === "Right") {
            if (yield* settle(one)) return true
          } else yield* sendAgain(one)
        }
        return false
      }))

    /** True when that was the last. */
    const settle = (one: Awaited): Effect.Effect<boolean, ProduceEnd, Kafka> =>
      Effect.gen(function*() {
        if (one.kind === "halt") return one.end === undefined ? true : yield* one.end
        if (one.kind === "end") return yield* Effect.as(finish(one), false)
        const answer = yield* Effect.either(outcomeOf(one.answer))
        if (answer._tag === "Right") {
          yield* accept(one, answer.right)
          freeBytes(one.bytes)
          return false
        }
        if (worthRepeating(answer.left)) return yield* repeatFrom(one)
        return yield* verdictOf(target, one, limit, answer.left)
      })

    const settleAll: Effect.Effect<void, ProduceEnd, Kafka> = Queue.take(awaited).pipe(
      Effect.flatMap(settle),
      Effect.flatMap((last) => last ? Effect.void : settleAll)
    )

    yield* sendAll.pipe(
      Effect.catchAllDefect((defect) =>
        new RestoreFailure({ partition: target.partition, reason: String(defect) })
      ),
      Effect.catchAll((end) => Queue.offer(awaited, { kind: "halt", end })),
      Effect.forkIn(scope)
    )
    yield* settleAll.pipe(
      Effect.ensuring(Effect.sync(() => {
        // Whatever is unanswered may still arrive, unless a takeover comes first.
        if (inside > 0) target.mustRenew = true
        for (; inside > 0; inside--) gate.leave()
      }))
    )
  })
