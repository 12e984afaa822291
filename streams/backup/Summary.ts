/** What the records of one block of a container add up to. */
import { Effect } from "effect"
import type { ContainerCodec } from "../../src/codec/BlockCodec.ts"
import type { BlockStats } from "../../src/codec/BlockStats.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { ContainerBlock } from "../../src/codec/ContainerReader.ts"
import { decodeBlock } from "../../src/codec/ContainerReader.ts"
import type { ReadableLayout } from "../../src/codec/RecordCursor.ts"
import { summarize } from "../../src/codec/RecordCursor.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { decoding } from "../Decoding.ts"

/** Decodes the block; `undefined` for one without records. Fails when it is damaged or misplaced. */
export const summarized = (
  codec: ContainerCodec,
  block: ContainerBlock,
  layout: ReadableLayout,
  source: TopicPartition
): Effect.Effect<BlockStats | undefined, CodecError> =>
  Effect.flatMap(decodeBlock(codec, block), (records) =>
    decoding(
      `block at byte ${block.position}`,
      () => summarize(records, layout, source, block.recordCount)
    ))
