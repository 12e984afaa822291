/** A restored topic and a snapshot of many groups on it, and where each of them belongs. */
import { Effect } from "effect"
import { makeRandom } from "../../dev/data/Random.ts"
import type { NewRecord, TruePosition } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import type { GroupPositions } from "../../src/domain/GroupSnapshot.ts"
import { putSnapshot } from "./GroupsInS3.ts"
import { range } from "./records/Shapes.ts"
import { unique } from "./SharedStack.ts"
import { restoredPosition, sourceOffsetOf } from "./TruePositions.ts"

export interface ManyRequest {
  readonly groups: number
  readonly partitions: number
  /** Of each group, in as many partitions. */
  readonly positions: number
}

const recordsEach = 40

const hex = (text: string): string => Buffer.from(text).toString("hex")

/** A place as one line: `partition@offset metadata`. */
export const placeOf = (
  { metadata, offset, partition }: Pick<TruePosition, "metadata" | "offset" | "partition">
): string => `${partition}@${offset} ${metadata}`

/**
 * Records with gaps between their source offsets, and groups whose positions lie at records, in
 * gaps, before the first record and behind the last.
 */
export const manyGroupsOnRestored = Effect.fnUntraced(function*(request: ManyRequest) {
  const truth = yield* Truth
  const random = makeRandom(request.groups)
  const topic = unique("under-fire")
  const topicsPrefix = "restored."
  const target = `${topicsPrefix}${topic}`
  yield* truth.createTopics([{ topic: target, partitions: request.partitions }])
  yield* truth.produce(
    range(request.partitions).flatMap((partition) => {
      let source = random.integer(50)
      return range(recordsEach).map((at): NewRecord => {
        source += 1 + random.integer(4)
        const headers = [["restore.source-offset", hex(String(source))]] as const
        return { topic: target, partition, value: hex(String(at)), headers }
      })
    })
  )
  const restored = yield* truth.consume([target])
  const logs = yield* truth.offsets([target])
  const places = range(request.partitions).map((partition) => {
    const records = restored.filter((record) => record.partition === partition)
    const last = records.reduce((most, record) => Math.max(most, sourceOffsetOf(record) ?? 0), 0)
    return { records, log: logs.find((log) => log.partition === partition), last }
  })

  const family = unique("family")
  const groups = range(request.groups).map((at): GroupPositions => ({
    groupId: `${family}-${String(at).padStart(6, "0")}`,
    topics: [{
      topic,
      partitions: range(request.positions).map((index) => {
        const partition = (at + index * 3) % request.partitions
        return {
          partition,
          offset: BigInt(random.integer((places[partition]?.last ?? 0) + 3)),
          leaderEpoch: null,
          metadata: random.integer(2) === 0 ? null : `metadata of ${at}`
        }
      }).toSorted((one, other) => one.partition - other.partition)
    }]
  }))
  const wanted = groups.map(({ groupId, topics }) => ({
    group: groupId,
    places: topics.flatMap(({ partitions }) =>
      partitions.map(({ metadata, offset, partition }) => {
        const { log, records } = places[partition] ?? { log: undefined, records: [] }
        const found = restoredPosition(records, log, Number(offset))
        return placeOf({ partition, offset: found, metadata: metadata ?? "" })
      })
    )
  }))
  const location = `${family}.avro`
  yield* putSnapshot(location, { facts: undefined, groups })
  return {
    location,
    target,
    topicsPrefix,
    /** In the order of the snapshot. */
    wanted,
    /** What is committed now, in the same order, by groups with that prefix. */
    found: (prefix: string) =>
      Effect.forEach(
        wanted,
        ({ group }) =>
          Effect.map(truth.groupOffsets(`${prefix}${group}`), (positions) => ({
            group,
            places: positions.toSorted((one, other) => one.partition - other.partition).map(placeOf)
          })),
        { concurrency: 4 }
      )
  }
})
