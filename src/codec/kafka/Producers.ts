/** InitProducerId v1, AddPartitionsToTxn v1, EndTxn v1: producer identities and their fencing. */
import type { TopicPartition } from "../../domain/TopicPartition.ts"
import type { Api } from "./Api.ts"
import { readErrorsByTopic, writeByTopic } from "./ByTopic.ts"
import type { KafkaErrorName } from "./ErrorCodes.ts"
import { errorName } from "./ErrorCodes.ts"

interface Identity {
  readonly producerId: bigint
  readonly epoch: number
}

type Failed = { readonly error: KafkaErrorName | undefined }

export interface InitProducerIdRequest {
  /** Null: idempotent only. */
  readonly transactionalId: string | null
  /** Milliseconds after which the coordinator aborts a transaction left open. */
  readonly transactionTimeoutMs: number
}

/** https://kafka.apache.org/protocol#The_Messages_InitProducerId */
export const initProducerId: Api<InitProducerIdRequest, Identity & Failed> = {
  key: 22,
  name: "InitProducerId",
  version: 1,
  flexible: false,
  throttle: "first",
  write: (to, { transactionTimeoutMs, transactionalId }) => {
    to.nullableString(transactionalId)
    to.int32(transactionTimeoutMs)
  },
  read: (from) => {
    from.int32() // throttle time
    return { error: errorName(from.int16()), producerId: from.int64(), epoch: from.int16() }
  }
}

export interface AddPartitionsRequest extends Identity {
  readonly transactionalId: string
  readonly partitions: ReadonlyArray<TopicPartition>
}

/** https://kafka.apache.org/protocol#The_Messages_AddPartitionsToTxn */
export const addPartitionsToTxn: Api<
  AddPartitionsRequest,
  ReadonlyArray<TopicPartition & Failed>
> = {
  key: 24,
  name: "AddPartitionsToTxn",
  version: 1,
  flexible: false,
  throttle: "first",
  write: (to, { epoch, partitions, producerId, transactionalId }) => {
    to.string(transactionalId)
    to.int64(producerId)
    to.int16(epoch)
    writeByTopic(to, partitions, ({ partition }) => to.int32(partition))
  },
  read: (from) => {
    from.int32() // throttle time
    return readErrorsByTopic(from)
  }
}

export interface EndTxnRequest extends Identity {
  readonly transactionalId: string
  readonly commit: boolean
}

/**
 * https://kafka.apache.org/protocol#The_Messages_EndTxn; from v5 on the answer bumps the epoch
 * (KIP-890), in v1 the epoch stays.
 */
export const endTxn: Api<EndTxnRequest, Failed> = {
  key: 26,
  name: "EndTxn",
  version: 1,
  flexible: false,
  throttle: "first",
  write: (to, { commit, epoch, producerId, transactionalId }) => {
    to.string(transactionalId)
    to.int64(producerId)
    to.int16(epoch)
    to.boolean(commit)
  },
  read: (from) => {
    from.int32() // throttle time
    return { error: errorName(from.int16()) }
  }
}
