/** Whether what is to be restored fits onto the disks of the brokers: an estimate. */
import { Effect } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { BrokerDisk } from "../../services/KafkaAdmin.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { Obstacle } from "./Preflight.ts"

export interface DiskNeed {
  readonly topic: string
  /** In the archive, compressed; a restored log takes about the same. */
  readonly bytes: number
  readonly replicas: number
  /** That exist. */
  readonly partitions: ReadonlyArray<TopicPartition>
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`

/** What has been restored before takes no more. */
const stillNeeded = (
  { bytes, replicas, topic }: DiskNeed,
  disks: ReadonlyArray<BrokerDisk>
): number => {
  const there = disks.reduce((sum, { topicBytes }) => sum + (topicBytes.get(topic) ?? 0), 0)
  return Math.max(0, bytes * replicas - there)
}

export const diskObstacles = (
  needs: ReadonlyArray<DiskNeed>,
  disks: ReadonlyArray<BrokerDisk>
): ReadonlyArray<Obstacle> => {
  const needed = needs.reduce((sum, need) => sum + stillNeeded(need, disks), 0)
  const usable = disks.reduce((sum, { usableBytes }) => sum + usableBytes, 0)
  return needed <= usable ? [] : [{
    kind: "disk",
    topic: "all",
    problem: `about ${mebibytes(needed)} are needed with all replicas, by the compressed size in ` +
      `the archive, and ${mebibytes(usable)} are free on the disks of the brokers`,
    remedy: "add disk or brokers, lower the replication factor, or restore a part"
  }]
}

/** Nothing, with a line that says so, when the brokers do not tell what is free. */
export const estimateDisk = (needs: ReadonlyArray<DiskNeed>) =>
  Effect.flatMap(Kafka, (kafka) => kafka.disks(needs.flatMap(({ partitions }) => partitions))).pipe(
    Effect.map((disks) => diskObstacles(needs, disks)),
    Effect.catchAll((error) =>
      Effect.as(
        Effect.annotateLogs(
          Effect.logInfo("whether the disks of the brokers have room is not known"),
          { error: error.message }
        ),
        []
      )
    )
  )
