/** An archive in a directory is the same archive as in S3, and the way back is the same. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { compareRestored } from "../../dev/truth/Compare.ts"
import { avscRead } from "../support/AvscReader.ts"
import type { StoredFile } from "../support/records/ArchiveView.ts"
import {
  archiveFiles,
  containerFacts,
  containerMetadata,
  directoryFiles,
  identity
} from "../support/records/ArchiveView.ts"
import { archivedForm } from "../support/records/Forms.ts"
import {
  committed,
  createTargets,
  everything,
  live,
  makeKeeper
} from "../support/records/Keeper.ts"
import { produceShape } from "../support/records/RoundTrip.ts"
import { mixed } from "../support/records/Shapes.ts"
import { unique } from "../support/SharedStack.ts"

const Live = live("records-directory")

/** Everything that a file holds; its sync marker and where its blocks end may differ. */
const contents = (prefix: string, files: ReadonlyArray<StoredFile>) =>
  Effect.forEach(files, ({ bytes, key }) =>
    Effect.promise(async () => ({
      key: key.slice(prefix.length),
      facts: containerFacts(await containerMetadata(bytes)),
      records: (await avscRead(bytes)).map((record) => ({
        ...archivedForm(record),
        nulls: record.null_headers
      }))
    })))

layer(Live, { excludeTestServices: true, timeout: "3 minutes" })(
  "an archive in a directory",
  (it) => {
    it.scoped(
      "holds what S3 holds, twice over no more, and is restored exactly",
      () =>
        Effect.gen(function*() {
          const shape = mixed()
          const { topic } = yield* produceShape(shape)
          const bucket = yield* makeKeeper()
          const directory = yield* makeKeeper({ fileStore: true })
          yield* bucket.backup([topic])
          yield* directory.backup([topic])
          const files = yield* directoryFiles(directory.storeDirectory)
          const found = yield* contents(directory.prefix, files)
          assert.isAbove(
            found.flatMap(({ records }) => records).length,
            800
          )
          const inBucket = yield* archiveFiles(bucket.prefix)
          assert.deepStrictEqual(found, yield* contents(bucket.prefix, inBucket))
          yield* directory.backup([topic])
          assert.deepStrictEqual(
            identity(yield* directoryFiles(directory.storeDirectory)),
            identity(files)
          )

          const targets = ["bucket.", "directory."]
          for (const [at, keeper] of [bucket, directory].entries()) {
            const target = targets[at] ?? ""
            const planTopic = unique("plan")
            yield* createTargets([shape], target)
            yield* keeper.plan(planTopic, [topic])
            yield* keeper.restore(planTopic, {
              "restore-topic-prefix": target,
              "compression-type": at === 0 ? "lz4" : "none"
            })
            const restored = yield* everything([`${target}${topic}`])
            assert.deepStrictEqual(compareRestored(yield* committed([topic]), restored, target), [])
          }
        }),
      120_000
    )
  }
)
