/** What a partition remembers of its producers, by the rules of the broker's ProducerStateManager. */
import type { KafkaErrorName } from "../../../src/codec/kafka/ErrorCodes.ts"
import type { BatchHeader } from "../../../src/codec/RecordBatch.ts"

interface Remembered {
  readonly first: number
  readonly last: number
  readonly baseOffset: bigint
}

interface ProducerState {
  epoch: number
  lastSequence: number
  /** The newest five. */
  readonly recent: Array<Remembered>
}

export type Verdict =
  | { readonly kind: "append" }
  | { readonly kind: "duplicate"; readonly baseOffset: bigint }
  | { readonly kind: "refused"; readonly reason: KafkaErrorName }

const append: Verdict = { kind: "append" }
const sequences = 2 ** 31

export class ProducerStates {
  readonly #states = new Map<bigint, ProducerState>()

  judge({ baseSequence, lastOffsetDelta, producerEpoch, producerId }: BatchHeader): Verdict {
    const state = this.#states.get(producerId)
    if (producerId < 0n || state === undefined) return append
    if (producerEpoch < state.epoch) return { kind: "refused", reason: "INVALID_PRODUCER_EPOCH" }
    const last = (baseSequence + lastOffsetDelta) % sequences
    const repeated = producerEpoch === state.epoch
      ? state.recent.find((known) => known.first === baseSequence && known.last === last)
      : undefined
    if (repeated !== undefined) return { kind: "duplicate", baseOffset: repeated.baseOffset }
    const expected = producerEpoch > state.epoch ? 0 : (state.lastSequence + 1) % sequences
    return baseSequence === expected
      ? append
      : { kind: "refused", reason: "OUT_OF_ORDER_SEQUENCE_NUMBER" }
  }

  /** After a batch has been appended at `baseOffset`. */
  remember(header: BatchHeader, baseOffset: bigint): void {
    if (header.producerId < 0n) return
    const first = header.baseSequence
    const last = header.control ? -1 : (first + header.lastOffsetDelta) % sequences
    const known = this.#states.get(header.producerId)
    const state = known?.epoch === header.producerEpoch
      ? known
      : { epoch: header.producerEpoch, lastSequence: -1, recent: [] }
    this.#states.set(header.producerId, state)
    if (header.control) return
    state.lastSequence = last
    state.recent.push({ first, last, baseOffset })
    if (state.recent.length > 5) state.recent.shift()
  }

  forget(): void {
    this.#states.clear()
  }
}
