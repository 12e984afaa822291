/** A backup that has records in its disk buffer and none in the archive. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import type { TrueOffsets } from "../../dev/truth/Truth.ts"
import { Truth } from "../../dev/truth/Truth.ts"
import type { Command, Workplace } from "./CommandLine.ts"
import { noise, someTopics } from "./SteadyProducer.ts"

/** Waits until so many records, in all, have been written to the disk buffer by this process. */
export const hasBuffered = (backup: Command, records: number) =>
  backup.until(
    `${records} records are not buffered`,
    Effect.map(
      backup.metric("kafka_data_keep_buffered_records_total"),
      (buffered) => buffered === records
    )
  )

/** The buffer's archive files, as the paths below the working directory. */
export const bufferFiles = (directory: string) =>
  Effect.promise(async () =>
    (await fs.readdir(directory, { recursive: true })).filter((name) => name.endsWith(".avro"))
      .sort()
  )

/** Topic, partition and offset of what the group has committed, where it has, sorted. */
export const committedOffsets = (group: string) =>
  Effect.flatMap(Truth, (truth) => truth.groupOffsets(group)).pipe(
    Effect.map((all) =>
      all.map(({ offset, partition, topic }) => `${topic}-${partition}@${offset}`).sort()
    )
  )

/** What the group has committed when all is archived. */
export const endOffsets = (offsets: ReadonlyArray<TrueOffsets>) =>
  offsets.map(({ partition, stable, topic }) => `${topic}-${partition}@${stable}`).sort()

/** Topics of 3 partitions in all, and how to back them up without an upload by size or age. */
export const quietBackup = Effect.fnUntraced(function*(place: Workplace) {
  const truth = yield* Truth
  const { names, regex, topics } = yield* someTopics("quiet", [2, 1])
  const directory = place.file("buffer")
  const args = [
    "topics-backup",
    "-topics-regex",
    regex,
    "-partition-idle-threshold",
    "200ms",
    "-working-dir",
    directory
  ]
  let seed = 0
  return {
    names,
    directory,
    args,
    /** Ten records for each partition; returns how many that are. */
    produce: Effect.suspend(() =>
      Effect.map(truth.produce(noise(topics, 10, seed++)), (places) => places.length)
    ),
    ends: Effect.map(truth.offsets(names), endOffsets)
  }
})
