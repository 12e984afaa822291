/** DescribeLogDirs v4: what is free on the disks of a broker (KIP-827), and what replicas take. */
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import type { Api } from "./Api.ts"
import { byTopic } from "./ByTopic.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"
import type { WireReader } from "./WireReader.ts"

export interface LogDir {
  readonly error: KafkaErrorName | undefined
  readonly path: string
  /** Of the volume; -1: unknown. */
  readonly usableBytes: bigint
  readonly topics: ReadonlyArray<{
    readonly topic: string
    /** Of the replicas that were asked about. */
    readonly bytes: bigint
  }>
}

export interface DescribeLogDirsResponse {
  readonly error: KafkaErrorName | undefined
  readonly dirs: ReadonlyArray<LogDir>
}

const readSize = (from: WireReader): bigint => {
  from.int32() // partition
  const size = from.int64()
  from.int64() // offset lag
  from.boolean() // on its way to another directory
  from.skipTags()
  return size
}

const readTopic = (from: WireReader) => {
  const topic = from.compactString()
  const sizes = from.compactArray(() => readSize(from))
  from.skipTags()
  return { topic, bytes: sizes.reduce((sum, size) => sum + size, 0n) }
}

const readDir = (from: WireReader): LogDir => {
  const error = errorName(from.int16())
  const path = from.compactString()
  const topics = from.compactArray(() => readTopic(from))
  from.int64() // in all
  const usableBytes = from.int64()
  from.skipTags()
  return { error, path, usableBytes, topics }
}

/** https://kafka.apache.org/protocol#The_Messages_DescribeLogDirs */
export const describeLogDirs: Api<ReadonlyArray<TopicPartition>, DescribeLogDirsResponse> = {
  key: 35,
  name: "DescribeLogDirs",
  version: 4,
  flexible: true,
  throttle: "first",
  write: (to, partitions) => {
    to.compactArray(byTopic(partitions), ([topic, partitions]) => {
      to.compactString(topic)
      to.compactArray(partitions, ({ partition }) => to.int32(partition))
      to.noTags()
    })
    to.noTags()
  },
  read: (from) => {
    from.int32() // throttle time
    const error = errorName(from.int16())
    const dirs = from.compactArray(() => readDir(from))
    from.skipTags()
    return { error, dirs }
  }
}
