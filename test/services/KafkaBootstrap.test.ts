import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import {
  addressText,
  bootstrapAddresses,
  parseAddress
} from "../../services/KafkaBootstrapLayer.ts"

describe("broker addresses", () => {
  it("are read with and without port, also IPv6", () => {
    const cases: ReadonlyArray<readonly [string, string | undefined]> = [
      ["kafka-1.example:9093", "kafka-1.example:9093"],
      ["kafka-1.example", "kafka-1.example:9092"],
      ["127.0.0.1:19092", "127.0.0.1:19092"],
      ["[::1]:9093", "[::1]:9093"],
      ["[2001:db8::1]", "[2001:db8::1]:9092"],
      ["2001:db8::1", "[2001:db8::1]:9092"],
      ["a:b:c", undefined],
      ["host:0", undefined],
      ["host:65536", undefined],
      ["host:port", undefined],
      ["", undefined]
    ]
    for (const [text, expected] of cases) {
      const address = parseAddress(text)
      assert.strictEqual(address === undefined ? undefined : addressText(address), expected, text)
    }
  })

  it.effect("that cannot be read are named", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(bootstrapAddresses(["good:1", "bad:worse"]))
      assert.include(error.message, "bad:worse")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(bootstrapAddresses([]))))
    }))
})
