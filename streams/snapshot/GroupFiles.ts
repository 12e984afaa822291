/** Reads the files of consumer group snapshots, ours, the original's and others that resolve. */
import { Chunk, Effect, Stream } from "effect"
import { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { StoreError } from "../../services/ObjectStore.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { truncated, unsupported } from "../../src/codec/CodecError.ts"
import type { ContainerHeader } from "../../src/codec/ContainerHeader.ts"
import { decodeBlock, readContainer } from "../../src/codec/ContainerReader.ts"
import type { GroupFileFacts } from "../../src/codec/GroupFacts.ts"
import { groupFactsFromContainer } from "../../src/codec/GroupFacts.ts"
import { mergeGroups } from "../../src/codec/MergeGroups.ts"
import type {
  GroupPositions,
  GroupSnapshot,
  SnapshotFacts
} from "../../src/domain/GroupSnapshot.ts"
import { countPositions } from "../../src/domain/GroupSnapshot.ts"
import { decoding } from "../Decoding.ts"

const factsOf = (
  { layout, metadata, schema }: ContainerHeader
): Effect.Effect<GroupFileFacts | undefined, CodecError> =>
  layout === "foreign"
    ? decoding("container", () => groupFactsFromContainer(metadata, schema))
    : unsupported("the file holds records of a topic, not consumer groups")

/** A file that was cut off between two blocks is found by the counts in its header. */
const checkCounts = (
  facts: GroupFileFacts | undefined,
  groups: ReadonlyArray<GroupPositions>
): Effect.Effect<void, CodecError> => {
  const positions = countPositions(groups)
  return facts === undefined ||
      (facts.groupCount === groups.length && facts.positionCount === positions)
    ? Effect.void
    : truncated(
      `the file holds ${positions} positions of ${groups.length} groups, ` +
        `its header says ${facts.positionCount} of ${facts.groupCount}`
    )
}

const snapshotFacts = (
  { clusterId, complete, held, takenAtMs }: SnapshotFacts
): SnapshotFacts => ({ clusterId, complete, held, takenAtMs })

/**
 * The whole file; a header without a block is a snapshot without groups. Fails with `CodecError`
 * when any of it is missing or damaged, when it is no snapshot, and when it contradicts itself.
 */
export const readGroupFile = <R>(
  bytes: Stream.Stream<Uint8Array, StoreError, R>
): Effect.Effect<GroupSnapshot, StoreError | CodecError, ForeignSchema | R> =>
  Effect.scoped(Effect.gen(function*() {
    const foreign = yield* ForeignSchema
    const context = yield* Effect.context<R>()
    const { blocks, header } = yield* readContainer(Stream.provideContext(bytes, context))
    const facts = yield* factsOf(header)
    const read = yield* foreign.groupReader(header.schema)
    const parts = yield* Stream.runCollect(Stream.mapEffect(blocks, (block) =>
      Effect.flatMap(
        decodeBlock(header.codec, block),
        (content) => read(content, block.recordCount)
      )))
    const groups = yield* decoding(
      "consumer groups",
      () => mergeGroups(Chunk.toReadonlyArray(parts).flat())
    )
    yield* checkCounts(facts, groups)
    return { facts: facts === undefined ? undefined : snapshotFacts(facts), groups }
  }))

/** What the header of the file says; `undefined` when it says nothing. Reads no further. */
export const readGroupFacts = <R>(
  bytes: Stream.Stream<Uint8Array, StoreError, R>
): Effect.Effect<SnapshotFacts | undefined, StoreError | CodecError, R> =>
  Effect.scoped(Effect.gen(function*() {
    const context = yield* Effect.context<R>()
    const { header } = yield* readContainer(Stream.provideContext(bytes, context))
    const facts = yield* factsOf(header)
    return facts === undefined ? undefined : snapshotFacts(facts)
  }))
