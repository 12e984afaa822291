/** Records that no compression makes small, and what becomes of them in a backup with little disk. */
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { archivedOffsets, range } from "./BackupPrograms.ts"
import { buildBatch, plainRecord } from "./Batches.ts"
import type { Disk } from "./DiskBufferMemory.ts"
import * as KafkaMemory from "./KafkaMemory.ts"

/** Bytes of each record that `noise` appends. */
export const noiseBytes = 1024

/** Appends so many records, ten to a batch. */
export const noise = (source: TopicPartition, records: number) =>
  Effect.map(KafkaMemory.Cluster, (cluster) => {
    for (let left = records; left > 0; left -= 10) {
      const content = range(0, Math.min(10, left)).map((offsetDelta) =>
        plainRecord({ offsetDelta, value: randomBytes(noiseBytes) })
      )
      cluster.append(source, buildBatch(content))
    }
  })

/** Bytes in the buffer. */
export const buffered = ({ files }: Disk["Type"]) =>
  [...files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0)

/** Looks at the buffer again and again while the effect runs; the most that it held. */
export const mostWhile = <A, E, R>(disk: Disk["Type"], effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    let most = 0
    const look = Effect.sync(() => (most = Math.max(most, buffered(disk))))
    yield* Effect.raceFirst(effect, Effect.forever(Effect.delay(look, "2 millis")))
    return most
  })

/** Waits long, for machines under load. */
export const eventually = <E, R>(condition: Effect.Effect<boolean, E, R>, what: string) =>
  Effect.repeat(Effect.delay(condition, "20 millis"), { until: (done) => done }).pipe(
    Effect.timeoutFail({ duration: "90 seconds", onTimeout: () => `${what} never came to be` })
  )

/** Whether the archive has the first `records` of each partition, each once. */
export const archivedWhole = (sources: ReadonlyArray<TopicPartition>, records: number) =>
  Effect.map(
    Effect.forEach(
      sources,
      ({ partition, topic }) => archivedOffsets(`backup/${topic}/${partition}/`)
    ),
    (all) =>
      all.every((offsets) =>
        offsets.length === records && offsets.every((offset, at) => offset === at)
      )
  )
