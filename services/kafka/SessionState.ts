/** What a broker's fetch session (KIP-227) has been told, and what the next request must tell it. */
import type {
  FetchRequestPartition,
  FetchRequestSession,
  FetchResponseBody
} from "../../src/codec/kafka/Fetch.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import type { WantedPartition } from "../FetchSession.ts"

interface Told {
  /** `undefined`: to be told anew, whatever it is. */
  offset: bigint | undefined
  leaderEpoch: number
  /** The last request that wanted it. */
  request: number
}

export interface SessionRequest {
  readonly session: FetchRequestSession
  readonly partitions: ReadonlyArray<FetchRequestPartition>
}

/** The session epoch after this one is 1, because 0 begins a new session. */
const lastEpoch = 0x7fff_ffff

/** The end of a session: nothing is asked for. */
const finalEpoch = -1

export class SessionState {
  readonly #partitionBytes: number
  /** By topic, then by the number of the partition. */
  readonly #told = new Map<string, Array<Told | undefined>>()
  #size = 0
  /** Of the session at the broker; 0: none. */
  #id = 0
  /** Of the next request. */
  #epoch = 0
  #requests = 0
  /** The last request was answered, so that the session is as `#told` says. */
  #settled = true

  constructor(partitionBytes: number) {
    this.#partitionBytes = partitionBytes
  }

  follows({ partition, topic }: TopicPartition): boolean {
    return this.#settled && this.#id !== 0 && this.#told.get(topic)?.[partition] !== undefined
  }

  forget(): void {
    this.#settled = false
  }

  /** To be sent now. Unless `accept` is given its answer, the request after it is a full one. */
  next(wanted: ReadonlyArray<WantedPartition>): SessionRequest {
    if (!this.#settled || this.#id === 0) this.#begin()
    this.#settled = false
    const request = ++this.#requests
    const before = this.#size
    const partitions: Array<FetchRequestPartition> = []
    let topic = ""
    let ofTopic: Array<Told | undefined> = []
    let still = 0
    for (const each of wanted) {
      const { fetchOffset: offset, leaderEpoch, partition } = each
      if (each.topic !== topic) ofTopic = this.#ofTopic(topic = each.topic)
      const told = ofTopic[partition]
      if (told === undefined) {
        ofTopic[partition] = { offset, leaderEpoch, request }
        this.#size++
      } else {
        if (told.request === request) continue
        told.request = request
        still++
        if (told.offset === offset && told.leaderEpoch === leaderEpoch) continue
        told.offset = offset
        told.leaderEpoch = leaderEpoch
      }
      partitions.push({ topic, partition, offset, leaderEpoch, maxBytes: this.#partitionBytes })
    }
    const forgotten = still < before ? this.#forgetAllBut(request) : []
    return { session: { id: this.#id, epoch: this.#epoch, forgotten }, partitions }
  }

  /** Takes the answer to the last request, if it has no error. */
  accept({ partitions, sessionId }: Pick<FetchResponseBody, "partitions" | "sessionId">): void {
    this.#settled = true
    this.#id = sessionId
    this.#epoch = this.#epoch === lastEpoch ? 1 : this.#epoch + 1
    for (const { error, partition, topic } of partitions) {
      const told = error === undefined ? undefined : this.#told.get(topic)?.[partition]
      if (told !== undefined) told.offset = undefined
    }
  }

  /** The last request of all, when there is something to end. */
  farewell(): SessionRequest | undefined {
    return this.#id === 0
      ? undefined
      : { session: { id: this.#id, epoch: finalEpoch, forgotten: [] }, partitions: [] }
  }

  /** A new session. The request still names the last one, which the broker then ends. */
  #begin(): void {
    this.#epoch = 0
    this.#size = 0
    this.#told.clear()
  }

  #ofTopic(topic: string): Array<Told | undefined> {
    const known = this.#told.get(topic)
    if (known !== undefined) return known
    const created: Array<Told | undefined> = []
    this.#told.set(topic, created)
    return created
  }

  #forgetAllBut(request: number): ReadonlyArray<TopicPartition> {
    const forgotten: Array<TopicPartition> = []
    for (const [topic, ofTopic] of this.#told) {
      let left = false
      for (const [partition, told] of ofTopic.entries()) {
        if (told?.request === request) left = true
        else if (told !== undefined) {
          forgotten.push({ topic, partition })
          ofTopic[partition] = undefined
        }
      }
      if (!left) this.#told.delete(topic)
    }
    this.#size -= forgotten.length
    return forgotten
  }
}
