/** Snapshots of consumer groups for property tests. */
import fc from "fast-check"
import { mergeGroups } from "../../src/codec/MergeGroups.ts"
import type { GroupPositions, SnapshotFacts } from "../../src/domain/GroupSnapshot.ts"

/** Any text that UTF-8 can hold, controls and other planes included. */
const text = fc.string({ unit: "binary", maxLength: 20 })

const position = fc.record({
  partition: fc.oneof(fc.nat({ max: 20 }), fc.nat()),
  offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  leaderEpoch: fc.option(fc.nat()),
  metadata: fc.option(text.filter((metadata) => metadata !== ""))
})

const topic = fc.record({
  topic: text,
  partitions: fc.uniqueArray(position, { selector: ({ partition }) => partition, maxLength: 5 })
})

const group = fc.record({
  groupId: text,
  topics: fc.uniqueArray(topic, { selector: (each) => each.topic, maxLength: 3 })
})

/** In the order of snapshots. */
export const anyGroups: fc.Arbitrary<ReadonlyArray<GroupPositions>> = fc
  .uniqueArray(group, { selector: ({ groupId }) => groupId, maxLength: 5 })
  .map(mergeGroups)

export const anySnapshotFacts: fc.Arbitrary<SnapshotFacts> = fc.record({
  clusterId: fc.oneof(fc.constant("4L6g3nShT-eMCtK--X86sw"), fc.string({ minLength: 1 })),
  takenAtMs: fc.nat({ max: 4_000_000_000_000 }),
  complete: fc.boolean(),
  held: fc.boolean()
})

/** So many groups of ten positions each. */
export const manyGroups = (count: number): ReadonlyArray<GroupPositions> =>
  Array.from({ length: count }, (_, index) => ({
    groupId: `group-${String(index).padStart(6, "0")}`,
    topics: [{
      topic: "orders.v1",
      partitions: Array.from({ length: 10 }, (__, partition) => ({
        partition,
        offset: BigInt(index * partition),
        leaderEpoch: partition,
        metadata: `position of ${index}`
      }))
    }]
  }))

export const someSnapshotFacts: SnapshotFacts = {
  clusterId: "4L6g3nShT-eMCtK--X86sw",
  takenAtMs: Date.UTC(2026, 10, 22, 20, 5, 0, 123),
  complete: true,
  held: false
}
