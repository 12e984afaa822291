import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import { makeFenceGate } from "../../streams/restore/FenceGate.ts"
import { RestoreFailure } from "../../streams/restore/Outcome.ts"
import { disorderOf } from "../../streams/restore/PlanOrder.ts"
import { PlanState } from "../../streams/restore/PlanState.ts"

const one = { topic: "a", partition: 0 }
const other = { topic: "b", partition: 0 }
const failure = new RestoreFailure({ partition: one, reason: "test" })

const file = (firstOffset: number, index: number): PlannedFile => {
  const key = `p/a/0/a-0-${String(firstOffset).padStart(19, "0")}.avro`
  return { ...one, key, archive: parseArchiveKey(key)!, index, topicsSha: "" }
}

const stateOf = (...sources: ReadonlyArray<typeof one>) => {
  const state = new PlanState((topic) => `restored.${topic}`, 0n)
  for (const [offset, source] of sources.entries()) {
    const content = file(offset, offset + 1)
    state.add(state.target(source), { offset: BigInt(offset), content })
  }
  state.position = BigInt(sources.length)
  return state
}

const work = (state: PlanState, source: typeof one) => {
  const target = state.target(source)
  target.taken++
  state.finish(target)
}

describe("PlanState", () => {
  it("commits up to the first entry that is not finished", () => {
    const state = stateOf(one, other, one, other)
    assert.strictEqual(state.commitPosition(), 0n)
    work(state, other)
    work(state, other)
    assert.strictEqual(state.commitPosition(), 0n)
    work(state, one)
    assert.strictEqual(state.commitPosition(), 2n)
    work(state, one)
    assert.strictEqual(state.commitPosition(), 4n)
    assert.isTrue(state.isWorkedOff(4n))
    assert.isFalse(state.isWorkedOff(5n))
  })

  it("keeps only where a failed target stopped", () => {
    const state = stateOf(one, other, one, one)
    work(state, one)
    state.fail(state.target(one), failure)
    assert.strictEqual(state.pending, 1)
    work(state, other)
    assert.strictEqual(state.commitPosition(), 2n)
    assert.isTrue(state.isWorkedOff(4n))
    state.retry(state.target(one))
    assert.isFalse(state.isWorkedOff(4n))
    assert.strictEqual(state.commitPosition(), 2n)
  })

  it("gives work first to the target that the plan names first", () => {
    const state = stateOf(one, other)
    assert.strictEqual(state.firstWaiting(), state.target(one))
    state.target(one).running = true
    assert.strictEqual(state.firstWaiting(), state.target(other))
  })
})

describe("disorderOf", () => {
  it("lets a file follow or repeat, from the start or from where it was resumed", () => {
    assert.isUndefined(disorderOf(2, 3, true))
    assert.isUndefined(disorderOf(2, 1, true))
    assert.isUndefined(disorderOf(0, 6, false))
    assert.match(disorderOf(0, 6, true) ?? "", /first file .* has index 6/)
    assert.match(disorderOf(2, 4, true) ?? "", /index 4 follows index 2/)
  })
})

describe("FenceGate", () => {
  it.effect("changes the identity when nobody is inside, and lets nobody in meanwhile", () =>
    Effect.gen(function*() {
      const gate = yield* makeFenceGate
      yield* gate.change(Effect.succeed({ producerId: 1n, epoch: 0 }))
      assert.strictEqual((yield* gate.enter).generation, 1)
      const changing = yield* Effect.fork(gate.change(Effect.succeed({ producerId: 1n, epoch: 1 })))
      yield* Effect.yieldNow()
      const entering = yield* Effect.fork(gate.enter)
      yield* Effect.yieldNow()
      assert.isNull(entering.unsafePoll())
      assert.strictEqual(gate.current().epoch, 0)
      gate.leave()
      yield* Fiber.join(changing)
      assert.deepStrictEqual(yield* Fiber.join(entering), {
        producerId: 1n,
        epoch: 1,
        generation: 2
      })
    }))

  it.effect("opens again when a takeover fails", () =>
    Effect.gen(function*() {
      const gate = yield* makeFenceGate
      assert.strictEqual(yield* Effect.flip(gate.change(Effect.fail("no"))), "no")
      assert.strictEqual((yield* gate.enter).generation, 0)
    }))
})
