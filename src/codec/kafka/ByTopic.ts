/** Requests and answers list partitions below their topic; the program lists topic-partitions. */
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import { errorName } from "./ErrorCodes.ts"
import type { WireReader } from "./WireReader.ts"
import type { WireWriter } from "./WireWriter.ts"

/** Topics in the order of their first item, items in their order. */
export const byTopic = <A extends TopicPartition>(
  items: ReadonlyArray<A>
): ReadonlyArray<readonly [topic: string, items: ReadonlyArray<A>]> => {
  const groups = new Map<string, Array<A>>()
  for (const item of items) {
    const group = groups.get(item.topic)
    if (group === undefined) groups.set(item.topic, [item])
    else group.push(item)
  }
  return [...groups]
}

/** Writes the nested arrays; `write` writes one partition's fields. */
export const writeByTopic = <A extends TopicPartition>(
  to: WireWriter,
  items: ReadonlyArray<A>,
  write: (item: A) => void
): void =>
  to.array(byTopic(items), ([topic, partitions]) => {
    to.string(topic)
    to.array(partitions, write)
  })

/** Reads an error for each partition, and nothing else. */
export const readErrorsByTopic = (from: WireReader) =>
  readByTopic(from, (topic) => ({
    topic,
    partition: from.int32(),
    error: errorName(from.int16())
  }))

/** Reads the nested arrays; `read` reads one partition's fields. */
export const readByTopic = <A>(
  from: WireReader,
  read: (topic: string) => A
): ReadonlyArray<A> =>
  from.array(() => {
    const topic = from.string()
    return from.array(() => read(topic))
  }).flat()
