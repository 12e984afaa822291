/** The local stack itself: what every integration test relies on. */
import { ListBucketsCommand } from "@aws-sdk/client-s3"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { liveBrokers } from "../../dev/stack/KafkaProbe.ts"
import { s3Client } from "../../dev/stack/S3Gateway.ts"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { SharedStack } from "../support/SharedStack.ts"

layer(SharedStack, { timeout: "5 minutes" })("the shared stack", (it) => {
  it.effect("has a broker that serves requests", () =>
    Effect.gen(function*() {
      const { brokers, internalBrokers } = yield* StackAddresses
      for (const address of [brokers, internalBrokers]) {
        assert.strictEqual(yield* liveBrokers(Number(address.split(":")[1])), 1)
      }
    }))

  it.effect("has a bucket", () =>
    Effect.gen(function*() {
      const { s3 } = yield* StackAddresses
      const client = s3Client(s3)
      const { Buckets } = yield* Effect.promise(() => client.send(new ListBucketsCommand({})))
      client.destroy()
      assert.deepStrictEqual(Buckets?.map(({ Name }) => Name), [s3.bucket])
    }))
})
