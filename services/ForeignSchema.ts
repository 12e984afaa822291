/** Archive files whose schema is neither ours nor the original's, by Avro's schema resolution. */
import type { Effect } from "effect"
import { Context } from "effect"
import type { CodecError } from "../src/codec/CodecError.ts"

/**
 * Turns a decoded block of foreign records into the bytes of a block in our layout: same records,
 * headers in the order of the block, duplicates kept. Fails with reason Corrupt when the block does
 * not hold `recordCount` records of the schema, and nothing else.
 */
export type TranslateBlock = (
  block: Buffer,
  recordCount: number
) => Effect.Effect<Buffer, CodecError>

export class ForeignSchema extends Context.Tag("kafka-data-keep/ForeignSchema")<ForeignSchema, {
  /**
   * `schema`: the JSON of a container's `avro.schema`. Fails with reason Unsupported, saying why,
   * when Avro does not allow reading its records as ours.
   */
  readonly translator: (schema: string) => Effect.Effect<TranslateBlock, CodecError>
}>() {}
