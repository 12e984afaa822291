/** Codec functions throw; pipelines fail. This is where the one becomes the other. */
import { Effect } from "effect"
import type { CodecError } from "../src/codec/CodecError.ts"
import { codecFailure } from "../src/codec/Compression.ts"

/** Runs it; whatever it throws is a `CodecError` that begins with the context. */
export const decoding = <A>(context: string, read: () => A): Effect.Effect<A, CodecError> =>
  Effect.try({ try: read, catch: (error) => codecFailure(error, context) })
