import { assert, describe, it } from "@effect/vitest"
import type { Reading, TopicProgress } from "../../services/Progress.ts"
import { makeProgress } from "../../services/Progress.ts"

const part = (topic: string, changes: Partial<TopicProgress> = {}): TopicProgress => ({
  topic,
  records: 0,
  bytes: 0,
  done: 0,
  earlier: 0,
  total: null,
  ...changes
})

const told = (complete: boolean, ...topics: ReadonlyArray<TopicProgress>): Reading => ({
  complete,
  topics,
  throttledMs: 0
})

describe("counters", () => {
  it("of one topic are the same ones, and are read with what is measured", () => {
    const board = makeProgress()
    board.topic("a").records += 2
    board.topic("a").bytes += 30
    assert.deepStrictEqual(board.read(), told(false, part("a", { records: 2, bytes: 30 })))
    board.measure(() => ({
      complete: true,
      topics: [
        { topic: "a", done: 1, earlier: 1, total: 4 },
        { topic: "b", done: 0, earlier: 0, total: 7 },
        { topic: "a", done: 2, earlier: 0, total: 5 }
      ]
    }))
    assert.deepStrictEqual(
      board.read(),
      told(
        true,
        part("a", { records: 2, bytes: 30, done: 3, earlier: 1, total: 9 }),
        part("b", { total: 7 })
      )
    )
  })

  it("what is not measured any more has nothing left", () => {
    const board = makeProgress()
    let total = 3
    board.measure(() => ({
      complete: true,
      topics: total === 0 ? [] : [{ topic: "a", done: 1, earlier: 0, total }]
    }))
    board.read()
    total = 0
    assert.deepStrictEqual(board.read(), told(true, part("a")))
  })
})

describe("workers", () => {
  it("are added up; what one tells replaces what it told before", () => {
    const board = makeProgress()
    board.hear(1, told(true, part("a", { records: 1, done: 1, total: 2 }), part("b")))
    board.hear(2, told(true, part("a", { records: 5, done: 2, total: 3 })))
    board.hear(1, told(true, part("a", { records: 4, done: 2, total: 2 })))
    assert.deepStrictEqual(
      board.read(),
      told(true, part("a", { records: 9, done: 4, total: 5 }), part("b"))
    )
  })

  it("a partition that moves from one to another counts once", () => {
    const board = makeProgress()
    board.hear(1, told(true, part("a", { records: 4, done: 2, total: 9 })))
    board.hear(2, told(true, part("a", { done: 2, earlier: 2, total: 9 })))
    board.hear(1, told(true, part("a", { records: 4 })))
    assert.deepStrictEqual(
      board.read().topics,
      [part("a", { records: 4, done: 2, earlier: 2, total: 9 })]
    )
  })

  it("are throttled for as long as all of them together", () => {
    const board = makeProgress()
    board.hear(1, { ...told(true), throttledMs: 200 })
    board.hear(2, { ...told(true), throttledMs: 30 })
    board.hear(1, { ...told(true), throttledMs: 300 })
    assert.strictEqual(board.read().throttledMs, 330)
  })

  it("know all when each of them does", () => {
    const board = makeProgress()
    board.hear(1, told(true))
    board.hear(2, told(false))
    assert.isFalse(board.read().complete)
    board.hear(2, told(true))
    assert.isTrue(board.read().complete)
  })
})
