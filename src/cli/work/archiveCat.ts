/** What `archive-cat` does: it prints records of the archive. */
import { Effect, Stream } from "effect"
import { catArchive } from "../../../streams/CatArchive.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import type { archiveCatFlags } from "../commands/archiveCat.ts"
import type { ArchiveSettings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { archiveLive } from "../Live.ts"
import { writeToReader } from "../Output.ts"
import { recordLine } from "../RecordLine.ts"

type Flags = Values<typeof archiveCatFlags>

const optionsOf = (flags: Flags) => ({
  prefix: flags.prefix,
  topic: flags.topic,
  generation: flags.generation,
  partition: flags.partition,
  range: {
    fromOffset: flags.fromOffset,
    toOffset: flags.toOffset,
    fromTimeMs: flags.fromTime,
    toTimeMs: flags.toTime
  },
  key: flags.key === "" ? undefined : Buffer.from(flags.key),
  limit: flags.limit === 0 ? undefined : flags.limit
})

const cat = (flags: Flags) =>
  Effect.zipRight(
    checkArchive({ prefix: flags.prefix, write: false }),
    Stream.runForEachWhile(catArchive(optionsOf(flags)), (records) =>
      writeToReader(
        records.map((record) => recordLine(record, flags.valueFormat)).join("")
      ))
  )

export const work = (settings: ArchiveSettings<Flags>) =>
  Effect.provide(cat(settings.own), archiveLive(settings))
