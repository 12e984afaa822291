/** Files as their own schema says, by Avro's schema resolution: archive files of others, snapshots. */
import type { Effect } from "effect"
import { Context } from "effect"
import type { CodecError } from "../src/codec/CodecError.ts"
import type { GroupPositions } from "../src/domain/GroupSnapshot.ts"

/**
 * Turns a decoded block of foreign records into the bytes of a block in our layout: same records,
 * headers in the order of the block, duplicates kept. Fails with reason Corrupt when the block does
 * not hold `recordCount` records of the schema, and nothing else.
 */
export type TranslateBlock = (
  block: Buffer,
  recordCount: number
) => Effect.Effect<Buffer, CodecError>

/**
 * The groups of a decoded block, merged and in name order. Fails with reason Corrupt when the block
 * does not hold `recordCount` groups and nothing else, and, naming it, for a partition with two
 * positions or a negative partition or offset.
 */
export type ReadGroups = (
  block: Buffer,
  recordCount: number
) => Effect.Effect<ReadonlyArray<GroupPositions>, CodecError>

export class ForeignSchema extends Context.Tag("kafka-data-keep/ForeignSchema")<ForeignSchema, {
  /**
   * `schema`: the JSON of a container's `avro.schema`. Fails with reason Unsupported, saying why,
   * when Avro does not allow reading its records as ours.
   */
  readonly translator: (schema: string) => Effect.Effect<TranslateBlock, CodecError>
  /**
   * The same for snapshots of consumer groups. Epoch and metadata may be missing, and other fields
   * are passed over; empty metadata and a negative epoch are read as null.
   */
  readonly groupReader: (schema: string) => Effect.Effect<ReadGroups, CodecError>
}>() {}
