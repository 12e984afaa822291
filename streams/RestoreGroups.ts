/**
 * Restores the positions of consumer groups: reads a snapshot, finds for each position its place in
 * the restored partition, commits it there and reads it back. Each position gets an answer.
 */
import { Effect, Mailbox, Stream } from "effect"
import type { ForeignSchema } from "../services/ForeignSchema.ts"
import type { KafkaError } from "../services/Kafka.ts"
import { Kafka } from "../services/Kafka.ts"
import type { ObjectStore, StoreError } from "../services/ObjectStore.ts"
import type { CodecError } from "../src/codec/CodecError.ts"
import type { SnapshotFacts } from "../src/domain/GroupSnapshot.ts"
import type { RestoreGroupsOptions } from "../src/domain/Settings.ts"
import type { PositionOutcome } from "../src/domain/Translation.ts"
import type { PlanError } from "./PlanTopic.ts"
import { patiently } from "./ReadLog.ts"
import type { SnapshotError } from "./snapshot/SnapshotError.ts"
import { chooseSnapshot } from "./snapshot/SnapshotStore.ts"
import { runPass } from "./translate/Pass.ts"
import { tellPass, tellSelection } from "./translate/PassLog.ts"
import type { Book, Open } from "./translate/Settle.ts"
import { fail, newBook, untold, wait } from "./translate/Settle.ts"
import { makeStatusGauge } from "./translate/StatusGauge.ts"
import { makeSources } from "./translate/Translate.ts"
import { select } from "./translate/Wanted.ts"

export type RestoreGroupsError =
  | KafkaError
  | StoreError
  | SnapshotError
  | CodecError
  | PlanError

type Services = Kafka | ObjectStore | ForeignSchema

export type RestoreGroupsEvent =
  /** The first one: what is restored from. Snapshots of the original say nothing of themselves. */
  | {
    readonly kind: "snapshot"
    readonly key: string
    readonly facts: SnapshotFacts | undefined
  }
  /** Each group, topic and partition once, when it is settled. */
  | { readonly kind: "position"; readonly outcome: PositionOutcome }
  /** After each pass. */
  | {
    readonly kind: "pass"
    /** Positions that the next pass looks at again. */
    readonly waiting: number
    /** What the search in the target partitions took, in all passes so far. */
    readonly fetches: number
    readonly bytes: number
  }

/** Whoever may not wait has failed. */
const failWaiting = ({ dryRun, once }: RestoreGroupsOptions, book: Book): void => {
  for (const { because, open, reason } of book.waiting.splice(0)) {
    fail(book, open, because === "choice" && dryRun && !once ? `would wait: ${reason}` : reason)
  }
}

const nothingSettled = (positions: ReadonlyArray<Open>, reason: string): Book => {
  const book = newBook()
  for (const open of positions) wait(book, open, "trouble", reason)
  return book
}

const restore = (
  options: RestoreGroupsOptions,
  emit: (events: ReadonlyArray<RestoreGroupsEvent>) => Effect.Effect<void>
): Effect.Effect<void, RestoreGroupsError, Services> =>
  Effect.gen(function*() {
    const { key, snapshot } = yield* chooseSnapshot(options.location, options.snapshot)
    // A cluster that is not there at the start is a wrong address more often than an outage.
    yield* Effect.flatMap(Kafka, (kafka) => patiently("5 seconds")(kafka.metadata([])))
    yield* emit([{ kind: "snapshot", key, facts: snapshot.facts }])
    const selection = select(snapshot.groups, options)
    yield* tellSelection(key, snapshot, selection)
    const onePass = options.once || options.dryRun
    const sources = yield* makeSources
    const gauge = yield* makeStatusGauge(selection.positions)
    const tell = (book: Book) =>
      emit(untold(book).map(({ outcome }) => ({ kind: "position", outcome }) as const))
    let open: ReadonlyArray<Open> = selection.positions.map((each) => (
      { ...each, sent: undefined }
    ))
    while (open.length > 0) {
      yield* gauge.begin(open)
      const positions = open
      const pass = runPass(options, sources, positions, tell)
      const book = yield* onePass ? pass : Effect.catchIf(
        pass,
        (error) => error._tag === "KafkaError" && error.retriable,
        (error) => Effect.succeed(nothingSettled(positions, error.message))
      )
      if (onePass) failWaiting(options, book)
      yield* gauge.record(book)
      const searched = sources.fetch.stats()
      yield* tell(book)
      yield* emit([{ kind: "pass", waiting: book.waiting.length, ...searched }])
      yield* tellPass(book, searched)
      open = book.waiting.map((each) => each.open)
      if (open.length > 0) yield* Effect.sleep(options.loopIntervalMs)
    }
  }).pipe(Effect.scoped)

/** The same as `restoreGroups`, with what a report says besides the positions. */
export const restoreGroupsTelling = (
  options: RestoreGroupsOptions
): Stream.Stream<RestoreGroupsEvent, RestoreGroupsError, Services> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const events = yield* Mailbox.make<RestoreGroupsEvent, RestoreGroupsError>({ capacity: 4096 })
    yield* restore(options, (some) => Effect.asVoid(events.offerAll(some))).pipe(
      Mailbox.into(events),
      Effect.forkScoped
    )
    return Mailbox.toStream(events)
  }))

/**
 * Emits each position once, when it is settled, and ends when all are. With `once` or `dryRun`
 * that is after one pass; otherwise what waits is looked at again after each interval. A dry run
 * commits nothing, and reports as failed what would have to wait. Stopped at any moment and begun
 * again it comes to the same result: what is committed is found, and left as it is. Fails when
 * there is no snapshot, or no Kafka at the start; later trouble is waited out without `once`.
 */
export const restoreGroups = (
  options: RestoreGroupsOptions
): Stream.Stream<PositionOutcome, RestoreGroupsError, Services> =>
  restoreGroupsTelling(options).pipe(
    Stream.mapConcat((event) => event.kind === "position" ? [event.outcome] : [])
  )
