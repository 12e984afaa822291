/** What is archived or restored already is left alone, however often and by whom it is asked for. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { compareRestored } from "../../dev/truth/Compare.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import { archiveFiles, identity } from "../support/records/ArchiveView.ts"
import { coverages, misfits } from "../support/records/Coverage.ts"
import {
  committed,
  createTargets,
  everything,
  live,
  makeKeeper,
  targetPrefix
} from "../support/records/Keeper.ts"
import { produceShape } from "../support/records/RoundTrip.ts"
import { mixed } from "../support/records/Shapes.ts"
import { unique } from "../support/SharedStack.ts"

const Live = live("records-again")

layer(Live, { excludeTestServices: true, timeout: "3 minutes" })("done before", (it) => {
  it.scoped(
    "a second backup, plan and restore add nothing, until there is something new",
    () =>
      Effect.gen(function*() {
        const truth = yield* Truth
        const keeper = yield* makeKeeper()
        const shape = mixed()
        const { topic } = yield* produceShape(shape)
        const target = `${targetPrefix}${topic}`
        const archive = archiveFiles(keeper.prefix)

        yield* keeper.backup([topic])
        const once = yield* archive
        assert.isAbove(once.length, 1)
        yield* keeper.backup([topic])
        assert.deepStrictEqual(identity(yield* archive), identity(once))
        // A group that knows nothing, with an empty buffer: the archive is the truth.
        const empty = yield* makeKeeper()
        yield* keeper.backup([topic], {
          "group-id": unique("other"),
          "working-dir": empty.workingDirectory
        })
        assert.deepStrictEqual(identity(yield* archive), identity(once))

        const planTopic = unique("plan")
        yield* createTargets([shape])
        yield* keeper.plan(planTopic, [topic])
        const planned = yield* everything([planTopic])
        assert.strictEqual(planned.length, once.length)
        yield* keeper.plan(planTopic, [topic])
        assert.deepStrictEqual(yield* everything([planTopic]), planned)

        yield* keeper.restore(planTopic, { "compression-type": "snappy" })
        const restored = yield* everything([target])
        const source = yield* committed([topic])
        assert.deepStrictEqual(compareRestored(source, restored, targetPrefix), [])
        assert.isAbove(source.length, 800)
        yield* keeper.restore(planTopic)
        assert.deepStrictEqual(yield* everything([target]), restored)
        const other = unique("other")
        yield* keeper.restore(planTopic, { "group-id": other })
        assert.deepStrictEqual(yield* everything([target]), restored)

        for (const { config, lines } of shape.loads) yield* truth.produce(lines, config)
        yield* keeper.backup([topic])
        const more = yield* archive
        assert.deepStrictEqual(
          identity(more.filter(({ key }) => once.some((file) => file.key === key))),
          identity(once)
        )
        const partitions = yield* coverages(more)
        for (const { partition, stable } of yield* truth.offsets([topic])) {
          assert.deepStrictEqual(misfits(partitions.get(partition) ?? [], 0, stable), [])
        }
        yield* keeper.plan(planTopic, [topic])
        yield* keeper.restore(planTopic, { "compression-type": "gzip" })
        const all = yield* everything([target])
        assert.deepStrictEqual(compareRestored(yield* committed([topic]), all, targetPrefix), [])
        yield* keeper.restore(planTopic, { "group-id": other })
        yield* keeper.restore(planTopic, { "group-id": unique("third") })
        assert.deepStrictEqual(yield* everything([target]), all)
      }),
    120_000
  )
})
