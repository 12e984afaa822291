import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { Answer } from "../../services/kafka/AnswerReader.ts"
import { AnswerReader } from "../../services/kafka/AnswerReader.ts"

const framed = (correlationId: number, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(8)
  head.writeInt32BE(payload.length + 4)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, payload])
}

const readingInto = (seen: Array<Answer>) => new AnswerReader((answer) => seen.push(answer))

describe("answers of a broker", () => {
  it("come whole and in order, however the bytes are cut", () => {
    const answers = fc.array(fc.tuple(fc.integer({ min: 0 }), fc.uint8Array({ maxLength: 40 })))
    fc.assert(
      fc.property(answers, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (all, cuts) => {
        const seen: Array<Answer> = []
        const reader = readingInto(seen)
        const bytes = Buffer.concat(all.map(([id, payload]) => framed(id, payload)))
        // What was handed over is overwritten at once, as the next read from a socket does it.
        const window = Buffer.alloc(30)
        for (let at = 0; at < bytes.length;) {
          const { value } = cuts.next()
          const length = bytes.copy(window, 0, at, at + Number(value))
          reader.take(window.subarray(0, length))
          window.fill(0xff)
          at += length
        }
        assert.deepStrictEqual(
          seen.map(({ correlationId, payload }) => [correlationId, [...payload]]),
          all.map(([id, payload]) => [id, [...payload]])
        )
        assert.deepStrictEqual(Buffer.concat(seen.map(({ raw }) => raw())), bytes)
      })
    )
  })

  it("have their memory to themselves", () => {
    const seen: Array<Answer> = []
    readingInto(seen).take(Buffer.concat([framed(1, Buffer.alloc(5)), framed(2, Buffer.alloc(9))]))
    assert.deepStrictEqual(seen.map(({ payload }) => payload.buffer.byteLength), [5, 9])
  })

  it("have a size, or it is no Kafka that speaks", () => {
    const reader = readingInto([])
    assert.throws(
      () => reader.take(Buffer.from("\u00ff\u00ff\u00ff\u00ffHTTP", "latin1")),
      RangeError
    )
  })
})
