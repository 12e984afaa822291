/** What `archive-list` does: it shows what the archive holds. */
import { Chunk, Effect, Stream } from "effect"
import { ObjectStore } from "../../../services/ObjectStore.ts"
import { listArchive } from "../../../streams/ListArchive.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import { listingJson, partitionsTable, topicsTable } from "../ArchiveListing.ts"
import type { archiveListFlags } from "../commands/archiveList.ts"
import type { ArchiveSettings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { archiveLive } from "../Live.ts"
import { writeOut } from "../Output.ts"

type Flags = Values<typeof archiveListFlags>

const list = ({ deep, output, prefix, topic }: Flags) =>
  Effect.gen(function*() {
    yield* checkArchive({ prefix, write: false })
    const store = yield* ObjectStore
    const wanted = topic === "" ? undefined : topic
    const found = yield* Stream.runCollect(listArchive({ prefix, topic: wanted, deep }))
    const topics = Chunk.toReadonlyArray(found)
    const strange = topics.reduce((sum, each) => sum + each.strange, 0)
    if (strange > 0) {
      yield* Effect.logWarning("some objects in the folders of topics are no archive files").pipe(
        Effect.annotateLogs({ objects: strange })
      )
    }
    if (output === "json") return yield* writeOut(listingJson(store.name, prefix, topics))
    return yield* writeOut(wanted === undefined ? topicsTable(topics) : partitionsTable(topics))
  })

export const work = (settings: ArchiveSettings<Flags>) =>
  Effect.provide(list(settings.own), archiveLive(settings))
