import { assert, describe, it } from "@effect/vitest"
import type { TopicProgress } from "../../services/Progress.ts"
import { makePaces } from "../../src/cli/ProgressRates.ts"

const none: TopicProgress = {
  topic: "orders",
  records: 0,
  bytes: 0,
  done: 0,
  earlier: 0,
  total: 1000
}

/** Tells what is counted, second by second; answers the pace of all after the last. */
const watching = () => {
  const pacesOf = makePaces()
  let ms = 0
  const tell = (changes: Partial<TopicProgress>, atMs: number) => {
    ms = atMs
    return pacesOf({ complete: true, topics: [{ ...none, ...changes }], throttledMs: 0 }, ms).all
  }
  return { tell }
}

describe("throttling", () => {
  it("is spoken of for five seconds from the last of it, and not for what was before", () => {
    const pacesOf = makePaces()
    const at = (ms: number, throttledMs: number) =>
      pacesOf({ complete: true, topics: [none], throttledMs }, ms).throttled
    assert.deepStrictEqual(
      [at(0, 700), at(500, 700), at(1000, 900), at(5000, 900), at(6000, 900), at(6250, 950)],
      [false, false, true, true, false, true]
    )
  })
})

describe("rates", () => {
  it("are exact when nothing changes, from the second second on", () => {
    const { tell } = watching()
    tell({}, 0)
    for (let second = 1; second <= 20; second++) {
      const pace = tell({ records: 7 * second, bytes: 100 * second, done: second }, second * 1000)
      assert.approximately(pace.recordsPerSecond, 7, 1e-9)
      assert.approximately(pace.bytesPerSecond, 100, 1e-9)
    }
  })

  it("follow a change within about ten seconds", () => {
    const { tell } = watching()
    let records = 0
    for (let second = 0; second <= 60; second++) tell({ records: records += 100 }, second * 1000)
    for (let second = 61; second <= 70; second++) tell({ records: records += 10 }, second * 1000)
    const { recordsPerSecond } = tell({ records }, 70_100)
    assert.isAbove(recordsPerSecond, 10)
    assert.isBelow(recordsPerSecond, 25)
  })

  it("do not jump when it is looked at several times a second", () => {
    const { tell } = watching()
    tell({}, 0)
    tell({ records: 10 }, 1000)
    const { recordsPerSecond } = tell({ records: 1000 }, 1250)
    assert.approximately(recordsPerSecond, 10, 1e-9)
  })

  it("end when nothing has moved for ten seconds, and so does the movement", () => {
    const { tell } = watching()
    tell({}, 0)
    tell({ records: 10, done: 10 }, 1000)
    assert.isTrue(tell({ records: 10, done: 10 }, 11_000).moving)
    const rest = tell({ records: 10, done: 10 }, 12_000)
    assert.isFalse(rest.moving)
    assert.deepStrictEqual(
      [rest.recordsPerSecond, rest.secondsLeft],
      [0, undefined]
    )
  })

  it("what comes first is not taken for slow because it waited", () => {
    const { tell } = watching()
    for (let second = 0; second <= 30; second++) tell({}, second * 1000)
    const { recordsPerSecond } = tell({ records: 100 }, 31_000)
    assert.approximately(recordsPerSecond, 100, 1e-9)
  })
})

describe("the time left", () => {
  it("is told from three seconds of movement on", () => {
    const { tell } = watching()
    const left = [0, 1, 2, 3, 4].map((second) =>
      tell({ records: second, done: 10 * second }, second * 1000).secondsLeft
    )
    assert.deepStrictEqual(left.map((each) => each && Math.round(each)), [
      undefined,
      undefined,
      undefined,
      97,
      96
    ])
  })

  it("leaves out what was done by earlier runs", () => {
    const { tell } = watching()
    tell({ done: 500, earlier: 500 }, 0)
    for (let second = 1; second <= 5; second++) {
      // Ten are done each second, and ninety are found done.
      const pace = tell(
        { records: second, done: 500 + 100 * second, earlier: 500 + 90 * second },
        second * 1000
      )
      if (second >= 3) {
        assert.approximately(pace.secondsLeft ?? 0, (500 - 100 * second) / 10, 1e-6)
      }
    }
  })

  it("is not told when the end is not known, nor when all is done", () => {
    for (const total of [null, 40]) {
      const { tell } = watching()
      for (let second = 0; second <= 4; second++) {
        const pace = tell({ records: second, done: 10 * second, total }, second * 1000)
        if (second === 4) assert.isUndefined(pace.secondsLeft)
      }
    }
  })
})
