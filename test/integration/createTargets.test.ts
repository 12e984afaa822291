/** A topic of which nothing is left but the archive comes back as it was, configs included. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Truth } from "../../dev/truth/Truth.ts"
import { Kafka } from "../../services/Kafka.ts"
import { RealKafka } from "../support/RealKafka.ts"
import { live, makeKeeper, targetPrefix } from "../support/records/Keeper.ts"
import { unique } from "../support/SharedStack.ts"

layer(live("create-targets"), { excludeTestServices: true, timeout: "3 minutes" })(
  "target topics",
  (it) => {
    it.scoped(
      "are created from the archive, and switched when all is restored",
      () =>
        Effect.gen(function*() {
          const truth = yield* Truth
          const kafka = yield* Kafka
          const topic = unique("defined")
          const configs = {
            "cleanup.policy": "compact,delete",
            "message.timestamp.type": "LogAppendTime"
          }
          yield* truth.createTopics([{ topic, partitions: 3, configs }])
          yield* truth.produce([0, 2].map((partition) => ({
            topic,
            partition,
            key: "6b",
            value: "76",
            headers: []
          })))
          const keeper = yield* makeKeeper()
          yield* keeper.backup([topic])
          yield* kafka.deleteTopics([topic])
          const planTopic = unique("plan")
          yield* keeper.plan(planTopic, [topic])
          yield* keeper.restore(planTopic, {
            "create-topics": "true",
            "topic-config": "retention.ms=-1",
            workers: 2
          })
          const target = `${targetPrefix}${topic}`
          const { topics } = yield* kafka.metadata([target])
          assert.lengthOf(topics[0]?.partitions ?? [], 3)
          assert.deepStrictEqual((yield* kafka.topicOverrides([target])).get(target), {
            ...configs,
            "message.timestamp.before.max.ms": "9223372036854775807",
            "message.timestamp.after.max.ms": "9223372036854775807",
            "retention.ms": "-1"
          })
          assert.lengthOf(yield* truth.consume([target]), 2)
        }).pipe(Effect.provide(RealKafka)),
      150_000
    )
  }
)
