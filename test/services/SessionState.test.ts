import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { WantedPartition } from "../../services/FetchSession.ts"
import type { SessionRequest } from "../../services/kafka/SessionState.ts"
import { SessionState } from "../../services/kafka/SessionState.ts"
import type { FetchResponsePartition } from "../../src/codec/kafka/Fetch.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"

const wanted = (name: string, fetchOffset = 0n, leaderEpoch = 0): WantedPartition => {
  const [topic = "", partition = ""] = name.split("-")
  return { topic, partition: Number(partition), fetchOffset, leaderEpoch }
}

const failed = (name: string): FetchResponsePartition => ({
  ...wanted(name),
  error: "NOT_LEADER_OR_FOLLOWER",
  highWatermark: -1n,
  lastStableOffset: -1n,
  logStartOffset: -1n,
  aborted: [],
  records: Buffer.alloc(0)
})

const answer = { sessionId: 5, partitions: [] }

/** `id epoch +asked@offset -forgotten`. */
const shown = ({ partitions, session }: SessionRequest) =>
  [
    session.id,
    session.epoch,
    ...partitions.map((each) => `+${topicPartitionName(each)}@${each.offset}`),
    ...session.forgotten.map((each) => `-${topicPartitionName(each)}`)
  ].join(" ")

const newState = () => new SessionState(1000)

describe("what a fetch session is told", () => {
  it("is everything at first, then what is new, has changed or is not wanted any more", () => {
    const state = newState()
    assert.strictEqual(shown(state.next([wanted("a-0"), wanted("b-1", 7n)])), "0 0 +a-0@0 +b-1@7")
    state.accept(answer)
    assert.strictEqual(shown(state.next([wanted("a-0"), wanted("b-1", 7n)])), "5 1")
    state.accept(answer)
    assert.strictEqual(
      shown(state.next([wanted("b-1", 8n), wanted("a-2")])),
      "5 2 +b-1@8 +a-2@0 -a-0"
    )
    state.accept(answer)
    const [changed] = state.next([wanted("b-1", 8n, 3), wanted("a-2")]).partitions
    const offset = 8n
    assert.deepStrictEqual(changed, {
      topic: "b",
      partition: 1,
      offset,
      leaderEpoch: 3,
      maxBytes: 1000
    })
  })

  it("tells again of a partition that had an error, wanted or not", () => {
    const state = newState()
    for (const still of [true, false]) {
      state.next([wanted("a-0"), wanted("a-1")])
      state.accept({ sessionId: 5, partitions: [failed("a-1")] })
      const { partitions, session } = state.next(
        still ? [wanted("a-0"), wanted("a-1")] : [wanted("a-0")]
      )
      assert.deepStrictEqual(partitions.map(topicPartitionName), still ? ["a-1"] : [])
      assert.deepStrictEqual(session.forgotten.map(topicPartitionName), still ? [] : ["a-1"])
      state.accept(answer)
    }
  })

  it("begins anew, ending the former session, when a request was not answered", () => {
    const state = newState()
    state.next([wanted("a-0")])
    state.accept(answer)
    assert.isTrue(state.follows(wanted("a-0")))
    state.next([wanted("a-0"), wanted("a-1")])
    assert.isFalse(state.follows(wanted("a-0")))
    assert.strictEqual(shown(state.next([wanted("a-1")])), "5 0 +a-1@0")
    state.accept({ ...answer, sessionId: 6 })
    assert.strictEqual(shown(state.next([wanted("a-1")])), "6 1")
  })

  it("is everything each time while the broker keeps no session", () => {
    const state = newState()
    for (const offset of [3n, 4n]) {
      assert.strictEqual(shown(state.next([wanted("a-0", offset)])), `0 0 +a-0@${offset}`)
      state.accept({ ...answer, sessionId: 0 })
      assert.isFalse(state.follows(wanted("a-0")))
    }
    assert.isUndefined(state.farewell())
  })

  it("ends with a farewell", () => {
    const state = newState()
    state.next([wanted("a-0")])
    state.accept(answer)
    const end = state.farewell()
    assert.strictEqual(end === undefined ? "" : shown(end), "5 -1")
  })

  it("leaves the broker with exactly what is wanted, whatever was wanted before", () => {
    const anyWanted = fc.uniqueArray(
      fc.tuple(fc.constantFrom("a-0", "a-1", "b-0", "c-7"), fc.bigInt({ min: 0n, max: 2n })),
      { selector: ([name]) => name }
    )
    const anyRound = fc.record({
      wanted: anyWanted,
      outcome: fc.constantFrom("answered", "answered", "answered", "refused", "lost")
    })
    fc.assert(fc.property(fc.array(anyRound), (rounds) => {
      const state = newState()
      /** What the broker's session has, by name. */
      const broker = new Map<string, bigint>()
      for (const round of rounds) {
        const all = round.wanted.map(([name, offset]) => wanted(name, offset))
        const { partitions, session } = state.next(all)
        if (session.epoch === 0) broker.clear()
        for (const each of partitions) broker.set(topicPartitionName(each), each.offset)
        for (const each of session.forgotten) broker.delete(topicPartitionName(each))
        assert.deepStrictEqual([...broker].sort(), [...round.wanted].sort())
        if (round.outcome === "lost") continue
        state.accept({ ...answer, sessionId: round.outcome === "refused" ? 0 : 5 })
      }
    }))
  })
})
