/** Every shape of topic once through backup, plan and restore, and what was there before and after. */
import { Context, Effect, Layer } from "effect"
import type { TrueOffsets, TrueRecord, TruthTopic } from "../../../dev/truth/Truth.ts"
import { Truth } from "../../../dev/truth/Truth.ts"
import { unique } from "../SharedStack.ts"
import type { StoredFile } from "./ArchiveView.ts"
import { bucketFiles } from "./ArchiveView.ts"
import { compactedTopic, headlessTopic } from "./Compacted.ts"
import { committed, createTargets, everything, makeKeeper, targetPrefix } from "./Keeper.ts"
import type { Shape } from "./Shapes.ts"
import { compressed, headers, large, logAppendTime, timestamps, transactions } from "./Shapes.ts"

/** Creates the topic and fills it. */
export const produceShape = ({ loads, ...topic }: Shape) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    yield* truth.createTopics([topic])
    for (const { config, lines } of loads) yield* truth.produce(lines, config)
    return topic
  })

const shapes = {
  transactions: Effect.suspend(() => produceShape(transactions())),
  headers: Effect.suspend(() => produceShape(headers())),
  large: Effect.suspend(() => produceShape(large())),
  logAppendTime: Effect.suspend(() => produceShape(logAppendTime())),
  timestamps: Effect.suspend(() => produceShape(timestamps())),
  compressed: Effect.suspend(() => produceShape(compressed())),
  compacted: compactedTopic,
  headless: headlessTopic
}

export type ShapeName = keyof typeof shapes

export interface Journey {
  readonly topic: TruthTopic
  /** What a consumer saw before the backup. */
  readonly source: ReadonlyArray<TrueRecord>
  /** The same with the records of aborted transactions. */
  readonly uncommitted: ReadonlyArray<TrueRecord>
  readonly offsets: ReadonlyArray<TrueOffsets>
  /** What a consumer sees in the target, and everything that is there. */
  readonly restored: ReadonlyArray<TrueRecord>
  readonly restoredUncommitted: ReadonlyArray<TrueRecord>
  /** Its archive files, in key order. */
  readonly files: ReadonlyArray<StoredFile>
}

export class RoundTrip extends Context.Tag("test/records/RoundTrip")<RoundTrip, {
  readonly of: (shape: ShapeName) => Journey
  /** Key and size of every archive file, with the prefix in front. */
  readonly prefix: string
  readonly files: ReadonlyArray<StoredFile>
  /** What the program says when it compares all of them, as JSON. */
  readonly verified: string
}>() {}

const make = Effect.gen(function*() {
  const truth = yield* Truth
  const keeper = yield* makeKeeper()
  const topics = yield* Effect.all(shapes, { concurrency: 4 })
  const names = Object.values(topics).map(({ topic }) => topic)
  const targets = names.map((name) => `${targetPrefix}${name}`)
  const source = yield* committed(names)
  const uncommitted = yield* everything(names)
  const offsets = yield* truth.offsets(names)

  // A file per block: then coverage goes over many files.
  yield* keeper.backup(names, { "min-file-size": 1 })
  const files = yield* bucketFiles(`${keeper.prefix}/`)
  yield* createTargets(Object.values(topics))
  const planTopic = unique("plan")
  yield* keeper.plan(planTopic, names)
  yield* keeper.restore(planTopic)
  const restored = yield* committed(targets)
  const restoredUncommitted = yield* everything(targets)
  const verified = yield* keeper.verify

  return RoundTrip.of({
    prefix: keeper.prefix,
    files,
    verified: verified.stdout,
    of: (shape) => {
      const topic = topics[shape]
      const ofSource = (record: { readonly topic: string }) => record.topic === topic.topic
      const ofTarget = (record: { readonly topic: string }) =>
        record.topic === `${targetPrefix}${topic.topic}`
      return {
        topic,
        source: source.filter(ofSource),
        uncommitted: uncommitted.filter(ofSource),
        offsets: offsets.filter(ofSource),
        restored: restored.filter(ofTarget),
        restoredUncommitted: restoredUncommitted.filter(ofTarget),
        files: files.filter(({ key }) => key.startsWith(`${keeper.prefix}/${topic.topic}/`))
      }
    }
  })
})

export const RoundTripLayer = Layer.scoped(RoundTrip, make)
