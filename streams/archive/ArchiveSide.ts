/** The archived records of a partition, as a side of a comparison. */
import { Effect, Stream } from "effect"
import type { ForeignSchema } from "../../services/ForeignSchema.ts"
import type { ObjectStore, StoreError } from "../../services/ObjectStore.ts"
import { ArchivedRecords } from "../../src/codec/ArchivedRecords.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import { freeBytes } from "../../src/codec/FreeBytes.ts"
import { recordFilter } from "../../src/codec/RecordFilter.ts"
import type { RecordRange } from "../../src/domain/RecordRange.ts"
import { inFile, openArchiveFile } from "../ArchiveFiles.ts"
import type { ChainedFile } from "../BranchChain.ts"
import { pullObject } from "../StoreReads.ts"
import type { RecordPage } from "./Side.ts"

/** Blocks decoded ahead of the one being compared. */
const decodedAhead = 2

/** Blocks of files in offset order, whose records in the range are walked. */
export const archivePages = <E, R>(
  files: Stream.Stream<ChainedFile, E, R>,
  range: RecordRange
): Stream.Stream<
  RecordPage<ArchivedRecords>,
  E | StoreError | CodecError,
  R | ObjectStore | ForeignSchema
> =>
  Stream.suspend(() => {
    const wanted = recordFilter(range)
    // Files of the original can overlap.
    let last = -1n
    const blocksOf = ({ key }: ChainedFile) =>
      Stream.unwrapScoped(Effect.gen(function*() {
        const opened = yield* openArchiveFile(yield* pullObject(key), true)
        const { blocks, decode, layout } = opened
        return Stream.mapEffect(
          blocks,
          (block) =>
            Effect.map(decode(block), (records): RecordPage<ArchivedRecords> => {
              let walk: ArchivedRecords | undefined
              return {
                open: () => {
                  const { recordCount } = block
                  walk = new ArchivedRecords({ records, layout, recordCount }, wanted, last)
                  return walk
                },
                free: () => {
                  if (walk !== undefined && walk.offset > last) last = walk.offset
                  freeBytes(records)
                  freeBytes(block.whole)
                }
              }
            }),
          { concurrency: decodedAhead }
        )
      })).pipe(Stream.mapError(inFile(key)))
    return Stream.flatMap(files, blocksOf)
  })
