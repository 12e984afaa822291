/** Truth by `Truth.java`: one Java process for as long as the layer lives. */
import { Deferred, Effect, Layer } from "effect"
import { StackAddresses } from "../stack/Stack.ts"
import { StackError } from "../stack/StackError.ts"
import { startJava } from "./JavaProgram.ts"
import type { TopicDescription, TrueOffsets, TrueRecord } from "./Truth.ts"
import { Truth } from "./Truth.ts"

interface Pending {
  readonly items: Array<string>
  readonly reply: Deferred.Deferred<string, StackError>
  readonly step: string
}

/** Hex digits of longer keys and values say little to people. */
const maxValueBytes = 4096

const recordsOf = ({ items }: { readonly items: ReadonlyArray<string> }) =>
  items.map((item): TrueRecord => JSON.parse(item))

/** `{"id":7,"done":…}`: the id, the kind and the JSON text of what comes with it. */
const answerLine = /^\{"id":(\d+),"(item|done|error)":(.*)\}$/

const make = Effect.gen(function*() {
  const { internalBrokers, libs } = yield* StackAddresses
  const pending = new Map<number, Pending>()
  let lastId = 0

  const onLine = (line: string): void => {
    const [, id, kind, text = ""] = answerLine.exec(line) ?? []
    const request = pending.get(Number(id))
    if (request === undefined) return
    if (kind === "item") return void request.items.push(text)
    pending.delete(Number(id))
    Deferred.unsafeDone(
      request.reply,
      kind === "done"
        ? Effect.succeed(text)
        : Effect.fail(new StackError({ step: request.step, cause: text }))
    )
  }
  const program = yield* startJava("Truth.java", libs, [internalBrokers], onLine)
  const died = (step: string) =>
    Effect.flatMap(
      Deferred.await(program.ended),
      (cause) => Effect.fail(new StackError({ step, cause: `Truth.java ended\n${cause}` }))
    )

  /** The JSON texts of the items and of the final answer. */
  const ask = (step: string, request: Readonly<Record<string, unknown>>) =>
    Effect.gen(function*() {
      const id = ++lastId
      const reply = yield* Deferred.make<string, StackError>()
      const items: Array<string> = []
      pending.set(id, { items, reply, step })
      yield* program.write(JSON.stringify({ id, do: step, ...request }))
      // A race ends when its loser is interrupted, which a finalizer would not allow.
      const done = yield* Effect.interruptible(
        Effect.raceFirst(Deferred.await(reply), died(step))
      )
      return { items, done }
    })
  const parsed = <A>(step: string, request: Readonly<Record<string, unknown>>) =>
    Effect.map(ask(step, request), ({ done }): A => JSON.parse(done))

  return Truth.of({
    createTopics: (topics) => Effect.asVoid(ask("createTopics", { topics })),
    deleteTopics: (topics) => Effect.asVoid(ask("deleteTopics", { topics })),
    describeTopics: (topics) =>
      parsed<ReadonlyArray<TopicDescription>>("describeTopics", { topics }),
    alterTopic: (topic, configs) => Effect.asVoid(ask("alterTopic", { topic, configs })),
    addPartitions: (topic, partitions) => Effect.asVoid(ask("alterTopic", { topic, partitions })),
    alterQuotas: (clientId, quotas) => Effect.asVoid(ask("alterQuotas", { clientId, quotas })),
    deleteRecords: (topic, partition, before) =>
      Effect.asVoid(ask("deleteRecords", { topic, partition, before })),
    offsets: (topics) => parsed<ReadonlyArray<TrueOffsets>>("offsets", { topics }),
    groupOffsets: (group) => parsed("groupOffsets", { group }),
    commitGroup: (group, offsets) => Effect.asVoid(ask("commitGroup", { group, offsets })),
    continueGroup: (group, topics, options = {}) =>
      Effect.map(ask("continueGroup", { group, topics, maxValueBytes, ...options }), recordsOf),
    produce: (lines, config = {}) => parsed("produce", { lines, config }),
    consume: (topics, { isolation = "read_committed", maxValueBytes: most = maxValueBytes } = {}) =>
      Effect.map(ask("consume", { topics, isolation, maxValueBytes: most }), recordsOf)
  })
})

export const TruthLayer: Layer.Layer<Truth, StackError, StackAddresses> = Layer.scoped(Truth, make)
