/** Targets that cannot take what is planned for them, and are repaired. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Truth } from "../../dev/truth/Truth.ts"
import { TruthLayer } from "../../dev/truth/TruthLayer.ts"
import { asOperated } from "../support/BadInput.ts"
import {
  complete,
  incomplete,
  planned,
  planPosition,
  restoreArgs,
  triesOf,
  untilFailed
} from "../support/BadRestores.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { putIntoBucket } from "../support/records/ArchiveView.ts"
import { SharedStack, unique } from "../support/SharedStack.ts"
import {
  everything,
  fileKey,
  fileWithLargeRecord,
  partitionsOf,
  putWhole,
  restoredRuns
} from "../support/SickArchive.ts"

const Live = Layer.provideMerge(
  Layer.merge(TruthLayer, BundleLayer("bad-input-targets")),
  SharedStack
)

/** Topics of the archive and their partitions there. */
const partitions = { foreign: 2, large: 2, missing: 1, narrow: 2, stamped: 1, whole: 3 }
type Name = keyof typeof partitions
const names: ReadonlyArray<Name> = ["foreign", "large", "missing", "narrow", "stamped", "whole"]

const allowing = ["-fail-on-existing-data=false"]

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a bad target", (it) => {
  it.scoped(
    "stops its own partition, is named, and once it is repaired all is there",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const place = yield* workplace
        const base = unique("shop")
        const planTopic = unique("plan")
        const once = { planTopic, targetPrefix: "once.", group: unique("once") }
        const forever = { planTopic, targetPrefix: "forever.", group: unique("forever") }
        const prefixes = [once.targetPrefix, forever.targetPrefix]
        const target = (prefix: string, name: Name) => `${prefix}${base}-${name}`
        const sources = names.flatMap((name) => partitionsOf(`${base}-${name}`, partitions[name]))
        const large = { topic: `${base}-large`, partition: 0 }
        const largeKey = fileKey(place.prefix, large, 1)
        yield* putWhole(place.prefix, sources)
        yield* putIntoBucket([{ key: largeKey, bytes: yield* fileWithLargeRecord(large) }])
        yield* truth.createTopics(prefixes.flatMap((prefix) => [
          { topic: target(prefix, "foreign"), partitions: 2 },
          {
            topic: target(prefix, "large"),
            partitions: 2,
            configs: { "max.message.bytes": "2000" }
          },
          { topic: target(prefix, "narrow"), partitions: 1 },
          {
            topic: target(prefix, "stamped"),
            partitions: 1,
            configs: { "message.timestamp.type": "LogAppendTime" }
          },
          { topic: target(prefix, "whole"), partitions: 3 }
        ]))
        yield* truth.produce(prefixes.map((prefix) => ({
          topic: target(prefix, "foreign"),
          partition: 0,
          value: "00"
        })))
        const plan = yield* planned(place, planTopic, `^${base}-`)
        assert.lengthOf(plan, sources.length * 3)

        const running = yield* place.run([...restoreArgs(forever), ...allowing], asOperated)
        const failures = yield* incomplete(place, once)
        const reasonOf = (name: Name, partition: number) =>
          failures.get(`${target("once.", name)}-${partition}`)?.reason
        assert.strictEqual(failures.size, 5)
        assert.strictEqual(
          reasonOf("missing", 0),
          `the target topic once.${base}-missing does not exist, or has no partition 0: create it`
        )
        assert.strictEqual(
          reasonOf("narrow", 1),
          `the target topic once.${base}-narrow does not exist, or has no partition 1: create it`
        )
        assert.strictEqual(
          reasonOf("foreign", 0),
          "the target partition holds data that no restore wrote (offset 0): " +
            "empty it, or allow existing data with -fail-on-existing-data=false"
        )
        assert.strictEqual(
          reasonOf("stamped", 0),
          "the target topic rewrites timestamps (message.timestamp.type=LogAppendTime): " +
            "set it to CreateTime"
        )
        assert.match(
          reasonOf("large", 0) ?? "",
          /^the record at source offset 45 takes 3\d\d\d bytes, the target's max.message.bytes is 2000: raise it$/
        )
        assert.strictEqual(failures.get(`${target("once.", "large")}-0`)?.file, largeKey)
        assert.strictEqual(yield* planPosition(once), 0)

        yield* untilFailed(running, 4)
        const warned = running.log().filter(({ msg }) => msg === "in the way of the restore")
        assert.sameMembers(warned.map(({ kind, topic }) => `${String(kind)} ${String(topic)}`), [
          `missing ${target("forever.", "missing")}`,
          `partitions ${target("forever.", "narrow")}`,
          `timestamps ${target("forever.", "stamped")}`
        ])
        const existing = prefixes.flatMap((prefix) =>
          names.filter((name) => name !== "missing").map((name) => target(prefix, name))
        )
        const restored = (prefix: string, foreign: string) => ({
          [`${target(prefix, "foreign")}-0`]: foreign,
          [`${target(prefix, "foreign")}-1`]: everything,
          [`${target(prefix, "large")}-0`]: "0-44",
          [`${target(prefix, "large")}-1`]: everything,
          [`${target(prefix, "narrow")}-0`]: everything,
          [`${target(prefix, "whole")}-0`]: everything,
          [`${target(prefix, "whole")}-1`]: everything,
          [`${target(prefix, "whole")}-2`]: everything
        })
        assert.deepStrictEqual(yield* restoredRuns(existing), {
          ...restored("once.", "other"),
          ...restored("forever.", `other ${everything}`)
        })
        yield* running.until(
          "it does not try again",
          Effect.sync(() => triesOf(running, target("forever.", "stamped"), 0) > 1)
        )
        assert.strictEqual(yield* planPosition(forever), plan.indexOf(largeKey))

        for (const prefix of prefixes) {
          yield* truth.createTopics([{ topic: target(prefix, "missing"), partitions: 1 }])
          yield* truth.addPartitions(target(prefix, "narrow"), 2)
          yield* truth.alterTopic(target(prefix, "stamped"), {
            "message.timestamp.type": "CreateTime"
          })
          yield* truth.alterTopic(target(prefix, "large"), { "max.message.bytes": "1000000" })
        }
        yield* complete(place, once, allowing)
        assert.strictEqual(yield* planPosition(once), plan.length)
        yield* untilFailed(running, 0)
        const whole = prefixes.flatMap((prefix) =>
          sources.map(({ partition, topic }) => [`${prefix}${topic}-${partition}`, everything])
        )
        const foreign = prefixes.map((prefix) => [
          `${target(prefix, "foreign")}-0`,
          `other ${everything}`
        ])
        const all = prefixes.flatMap((prefix) => names.map((name) => target(prefix, name)))
        assert.deepStrictEqual(
          yield* restoredRuns(all),
          Object.fromEntries([...whole, ...foreign])
        )
        assert.strictEqual((yield* running.stop("SIGTERM")).code, 0)
        assert.strictEqual(yield* planPosition(forever), plan.length)
      }),
    240_000
  )
})
