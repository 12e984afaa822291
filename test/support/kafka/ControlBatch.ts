/** The marker that ends a transaction in a partition. */
import { sealBatch } from "../../../src/codec/BatchWriter.ts"

/** Record length, attributes and deltas; key (version, type); value (version, epoch); no headers. */
const markerRecord = (type: 0 | 1): Buffer =>
  Buffer.from(`20 000000 08 0000 000${type} 0c 0000 00000000 00`.replaceAll(" ", ""), "hex")

export const controlBatch = (options: {
  readonly commit: boolean
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly timestamp: bigint
}): Buffer => {
  const records = markerRecord(options.commit ? 1 : 0)
  return sealBatch({
    records,
    compressed: records,
    compression: "none",
    recordCount: 1,
    lastOffsetDelta: 0,
    baseTimestamp: options.timestamp,
    maxTimestamp: options.timestamp,
    producerId: options.producerId,
    producerEpoch: options.producerEpoch,
    baseSequence: -1,
    transactional: true,
    control: true
  })
}
