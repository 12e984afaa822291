import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { OpenBlock } from "../../streams/backup/OpenBlocks.ts"
import { makeOpenBlocks } from "../../streams/backup/OpenBlocks.ts"

/** Blocks by number, and in which order they were closed. */
const blocksWithin = (limit: number) => {
  const all = makeOpenBlocks(limit)
  const closed: Array<number> = []
  const blocks = new Map<number, OpenBlock>()
  const blockOf = (name: number): OpenBlock => {
    const known = blocks.get(name)
    if (known !== undefined) return known
    const block = {
      close: () => {
        closed.push(name)
        all.note(block, 0)
      }
    }
    blocks.set(name, block)
    return block
  }
  return { all, closed, note: (name: number, bytes: number) => all.note(blockOf(name), bytes) }
}

describe("open blocks", () => {
  it("are closed above the bound, first those that nobody adds to any more", () => {
    const { all, closed, note } = blocksWithin(160)
    for (const name of [1, 2, 3]) note(name, 50)
    note(1, 50)
    assert.deepStrictEqual(closed, [])
    note(4, 50)
    // 2 is the one that was added to longest ago.
    assert.deepStrictEqual([closed, all.bytes()], [[2], 150])
    note(3, 0)
    assert.strictEqual(all.bytes(), 100)
  })

  it("stay open while they hold less than their share", () => {
    const { closed, note } = blocksWithin(160)
    note(1, 10)
    note(2, 10)
    note(3, 150)
    assert.deepStrictEqual(closed, [3])
  })

  it("never hold more than the bound, whoever adds how much", () => {
    const steps = fc.array(fc.tuple(fc.nat(20), fc.nat(300)), { maxLength: 200 })
    fc.assert(fc.property(steps, (adding) => {
      const { all, note } = blocksWithin(1000)
      for (const [name, bytes] of adding) {
        note(name, bytes)
        assert.isAtMost(all.bytes(), 1000)
      }
    }))
  })
})
