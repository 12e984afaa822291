/** The built program restores no faster than it is told; the bench part `pace` sees how evenly. */
import { assert, layer } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { compareRestored } from "../../dev/truth/Compare.ts"
import type { TrueRecord } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { ArchivedTopic, ArchivedTopicLayer, consumed, succeeds } from "../support/ArchivedTopic.ts"
import { unique } from "../support/SharedStack.ts"

const bytesPerSecond = 500_000

const hexBytes = (bytes: TrueRecord["value"]): number =>
  typeof bytes === "string" ? bytes.length / 2 : 0

const bytesOf = ({ key, value }: TrueRecord): number => hexBytes(key) + hexBytes(value)

layer(ArchivedTopicLayer("restore-pace"), { excludeTestServices: true, timeout: "4 minutes" })(
  "restore -max-bytes-per-second",
  (it) => {
    it.scoped(
      "takes as long as that many bytes have to, and restores all of them",
      () =>
        Effect.gen(function*() {
          const { place, records, topic } = yield* ArchivedTopic
          const prefix = `${unique("paced")}.`
          const target = `${prefix}${topic}`
          yield* (yield* Truth).createTopics([
            { topic: target, partitions: 3, configs: { "retention.ms": "-1" } }
          ])
          const beganMs = yield* Clock.currentTimeMillis
          yield* succeeds(place, [
            "restore",
            "-restore-topics-regex",
            `^${topic}$`,
            "-restore-topic-prefix",
            prefix,
            "-max-bytes-per-second",
            String(bytesPerSecond)
          ])
          const seconds = ((yield* Clock.currentTimeMillis) - beganMs) / 1000
          const sizes = records.map(bytesOf)
          // The first and the last batch wait for nobody; no batch is larger than the largest record.
          const bytes = sizes.reduce((sum, size) => sum + size, 0) - 2 * Math.max(...sizes)
          assert.isAbove(bytes, 3 * bytesPerSecond)
          assert.isAtLeast(seconds, bytes / bytesPerSecond)
          assert.deepStrictEqual(compareRestored(records, yield* consumed([target]), prefix), [])
        }),
      120_000
    )
  }
)
