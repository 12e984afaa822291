/** Two consumer groups of the demo: they stop half-way, and go on after the disaster. */
import { Effect } from "effect"
import { StackError } from "../stack/StackError.ts"
import type { TrueRecord } from "../truth/Truth.ts"
import { Truth } from "../truth/Truth.ts"

const groups = [
  { group: "invoicing", topic: "shop.orders", limit: 15_000 },
  { group: "fraud-check", topic: "shop.payments", limit: 2_500 }
] as const

export const groupNames = groups.map(({ group }) => group)

export interface GroupProgress {
  readonly group: string
  readonly topic: string
  readonly processed: ReadonlyArray<TrueRecord>
}

/** Each group reads its topic about half-way, commits, and stops. */
export const stopHalfWay: Effect.Effect<ReadonlyArray<GroupProgress>, StackError, Truth> = Effect
  .flatMap(Truth, (truth) =>
    Effect.forEach(groups, ({ group, limit, topic }) => {
      const config = { "auto.offset.reset": "earliest" }
      return Effect.map(
        truth.continueGroup(group, [topic], { limit, config }),
        (processed): GroupProgress => ({ group, topic, processed })
      )
    }))

/** The offset that a record had before the disaster; its own, if it was not restored. */
const sourceOffset = ({ headers, offset }: TrueRecord): number => {
  const [name, value] = headers[0] ?? ["", null]
  return name === "restore.source-offset" && value !== null
    ? Number(Buffer.from(value, "hex").toString())
    : offset
}

const placeOf = (record: TrueRecord): string => `${record.partition}@${sourceOffset(record)}`

export interface Continuation {
  readonly group: string
  readonly before: number
  readonly after: number
  /** Records that the group processes a second time. */
  readonly twice: number
  /** Records that it never sees. */
  readonly missed: number
}

/** Each group goes on where it stands now, to the end of its topic. */
export const goOn = (
  progress: ReadonlyArray<GroupProgress>,
  before: ReadonlyArray<TrueRecord>
): Effect.Effect<ReadonlyArray<Continuation>, StackError, Truth> =>
  Effect.flatMap(
    Truth,
    (truth) =>
      Effect.forEach(progress, ({ group, processed, topic }) =>
        Effect.map(truth.continueGroup(group, [topic]), (rest): Continuation => {
          const done = new Set(processed.map(placeOf))
          const seen = new Set(rest.map(placeOf))
          const all = before.filter((record) =>
            record.topic === topic
          ).map(placeOf)
          return {
            group,
            before: processed.length,
            after: rest.length,
            twice: rest.filter((record) => done.has(placeOf(record))).length,
            missed: all.filter((place) => !done.has(place) && !seen.has(place)).length
          }
        }))
  )
