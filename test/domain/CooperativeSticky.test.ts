import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { GroupAssignment, GroupMember } from "../../src/domain/CooperativeSticky.ts"
import { assignCooperatively } from "../../src/domain/CooperativeSticky.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"

const at = (topic: string, partition: number): TopicPartition => ({ topic, partition })
const member = (
  memberId: string,
  topics: ReadonlyArray<string>,
  owned: ReadonlyArray<TopicPartition> = [],
  generation = owned.length > 0 ? 1 : -1
): GroupMember => ({ memberId, topics, owned, generation })
const shown = (assignment: GroupAssignment) =>
  Object.fromEntries([...assignment].map(([id, all]) => [id, all.map(topicPartitionName)]))

const topicNames = ["a", "b", "c", "d"]
const counts = fc.record({ a: fc.nat(9), b: fc.nat(9), c: fc.nat(4), d: fc.nat(1) })
  .map((all) => new Map(Object.entries(all)))
const owned = fc.uniqueArray(
  fc.record({ topic: fc.constantFrom("a", "b", "c", "gone"), partition: fc.nat(10) }),
  { selector: topicPartitionName, maxLength: 14 }
)
const groups = fc.uniqueArray(
  fc.record({
    memberId: fc.constantFrom("m1", "m2", "m3", "m4", "m5", "m6"),
    topics: fc.subarray(topicNames),
    owned,
    generation: fc.integer({ min: -1, max: 3 })
  }),
  { selector: (each) => each.memberId, minLength: 1 }
)
const peaceful = groups.map((group) => {
  const seen = new Set<string>()
  return group.map((each) => ({
    ...each,
    owned: each.owned.filter((one) => {
      const isNew = !seen.has(topicPartitionName(one))
      seen.add(topicPartitionName(one))
      return isNew
    })
  }))
})

/** The group as it rejoins after this assignment. */
const after = (
  group: ReadonlyArray<GroupMember>,
  assignment: GroupAssignment,
  generation: number
) => group.map((each) => ({ ...each, owned: assignment.get(each.memberId) ?? [], generation }))

const settled = (group: ReadonlyArray<GroupMember>, sizes: ReadonlyMap<string, number>) => {
  const first = assignCooperatively(group, sizes)
  return assignCooperatively(after(group, first, 10), sizes)
}

describe("assignCooperatively", () => {
  it("gives nobody what nobody may have, and nothing to two", () => {
    fc.assert(fc.property(groups, counts, (group, sizes) => {
      const assignment = assignCooperatively(group, sizes)
      const all = [...assignment.values()].flat().map(topicPartitionName)
      assert.strictEqual(new Set(all).size, all.length)
      for (const { memberId, topics } of group) {
        for (const { partition, topic } of assignment.get(memberId) ?? []) {
          assert.include(topics, topic)
          assert.isBelow(partition, sizes.get(topic) ?? 0)
        }
      }
    }))
  })

  it("never gives a partition to a member while another live one says it owns it", () => {
    fc.assert(fc.property(peaceful, counts, (group, sizes) => {
      const assignment = assignCooperatively(group, sizes)
      for (const { memberId } of group) {
        const claimed = new Set(
          group.filter((other) => other.memberId !== memberId)
            .flatMap((other) => other.owned.map(topicPartitionName))
        )
        for (const one of assignment.get(memberId) ?? []) {
          assert.isFalse(claimed.has(topicPartitionName(one)))
        }
      }
    }))
  })

  it("assigns at once every partition that no member has to give up", () => {
    fc.assert(fc.property(groups, counts, (group, sizes) => {
      const claimed = new Set(group.flatMap((each) => each.owned.map(topicPartitionName)))
      const assigned = new Set(
        [...assignCooperatively(group, sizes).values()].flat().map(topicPartitionName)
      )
      for (const topic of new Set(group.flatMap((each) => each.topics))) {
        for (let partition = 0; partition < (sizes.get(topic) ?? 0); partition++) {
          const name = topicPartitionName({ topic, partition })
          assert.isTrue(claimed.has(name) || assigned.has(name), name)
        }
      }
    }))
  })

  it("is complete and balanced after two rounds, and then stays as it is", () => {
    fc.assert(fc.property(groups, counts, (group, sizes) => {
      const second = settled(group, sizes)
      const subscribed = new Set(group.flatMap((each) => each.topics))
      const total = [...sizes].reduce((sum, [topic, n]) => sum + (subscribed.has(topic) ? n : 0), 0)
      assert.strictEqual([...second.values()].flat().length, total)
      for (const rich of group) {
        for (const poor of group) {
          const own = second.get(rich.memberId) ?? []
          const others = second.get(poor.memberId) ?? []
          if (own.length < others.length + 2) continue
          for (const { topic } of own) assert.notInclude(poor.topics, topic)
        }
      }
      const third = assignCooperatively(after(group, second, 11), sizes)
      assert.deepStrictEqual(third, second)
    }))
  })

  it("differs by at most one when all want the same", () => {
    fc.assert(fc.property(groups, counts, (group, sizes) => {
      const same = group.map((each) => ({ ...each, topics: topicNames }))
      const loads = [...settled(same, sizes).values()].map((all) => all.length)
      assert.isAtMost(Math.max(...loads) - Math.min(...loads), 1)
    }))
  })

  it("takes nothing from the survivors when a member leaves", () => {
    fc.assert(fc.property(groups, counts, (group, sizes) => {
      const same = group.map((each) => ({ ...each, topics: topicNames }))
      const before = after(same, settled(same, sizes), 12)
      const left = before.slice(1)
      const now = assignCooperatively(left, sizes)
      for (const { memberId, owned } of left) {
        const kept = new Set((now.get(memberId) ?? []).map(topicPartitionName))
        for (const one of owned) assert.isTrue(kept.has(topicPartitionName(one)))
      }
    }))
  })

  it("moves no more than the newcomer's share", () => {
    fc.assert(fc.property(groups, counts, (group, sizes) => {
      const same = group.map((each) => ({ ...each, topics: topicNames }))
      const before = after(same, settled(same, sizes), 12)
      const total = before.reduce((sum, each) => sum + each.owned.length, 0)
      const now = assignCooperatively([...before, member("new", topicNames)], sizes)
      const kept = [...now.values()].flat().length
      assert.isAtMost(total - kept, Math.floor(total / (before.length + 1)))
    }))
  })

  it("does not depend on the order of the members", () => {
    fc.assert(fc.property(groups, counts, (group, sizes) => {
      assert.deepStrictEqual(
        assignCooperatively(group.toReversed(), sizes),
        assignCooperatively(group, sizes)
      )
    }))
  })

  it("hands over in two rounds", () => {
    const sizes = new Map([["a", 4]])
    const old = member("m1", ["a"], [at("a", 0), at("a", 1), at("a", 2), at("a", 3)])
    const first = assignCooperatively([old, member("m2", ["a"])], sizes)
    assert.deepStrictEqual(shown(first), { m1: ["a-0", "a-1"], m2: [] })
    const second = assignCooperatively(after([old, member("m2", ["a"])], first, 2), sizes)
    assert.deepStrictEqual(shown(second), { m1: ["a-0", "a-1"], m2: ["a-2", "a-3"] })
  })

  it("believes the claim of the higher generation", () => {
    const group = [
      member("m1", ["a"], [at("a", 0)], 4),
      member("m2", ["a"], [at("a", 0), at("a", 1)], 5)
    ]
    assert.deepStrictEqual(shown(assignCooperatively(group, new Map([["a", 3]]))), {
      m1: ["a-2"],
      m2: ["a-0", "a-1"]
    })
  })

  it("voids equal claims: both have to let go first", () => {
    const group = [
      member("m1", ["a"], [at("a", 0), at("a", 1)], 5),
      member("m2", ["a"], [at("a", 0), at("a", 2)], 5)
    ]
    const first = assignCooperatively(group, new Map([["a", 3]]))
    assert.deepStrictEqual(shown(first), { m1: ["a-1"], m2: ["a-2"] })
    const second = assignCooperatively(after(group, first, 6), new Map([["a", 3]]))
    assert.deepStrictEqual(shown(second), { m1: ["a-0", "a-1"], m2: ["a-2"] })
  })

  it("evens out along a chain of subscriptions", () => {
    const group = [
      member("m1", ["a"], [at("a", 0), at("a", 1), at("a", 2), at("a", 3)]),
      member("m2", ["a", "b"], [at("b", 0), at("b", 1)]),
      member("m3", ["b"])
    ]
    const second = settled(group, new Map([["a", 4], ["b", 2]]))
    assert.deepStrictEqual([...second.values()].map((all) => all.length), [2, 2, 2])
  })

  it("copes with thousands of partitions", () => {
    const sizes = new Map(Array.from({ length: 300 }, (_, i) => [`t${i}`, 10] as const))
    const group = Array.from({ length: 20 }, (_, i) => member(`m${i}`, [...sizes.keys()]))
    const full = after(group, assignCooperatively(group, sizes), 1)
    const began = performance.now()
    const grown = assignCooperatively([...full, member("new", [...sizes.keys()])], sizes)
    assert.isBelow(performance.now() - began, 2000)
    assert.strictEqual([...grown.values()].flat().length, 3000 - 142)
  })
})
