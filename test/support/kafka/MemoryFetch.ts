/** Fetching from the cluster in memory, as a broker answers it, with fetch sessions (KIP-227). */
import { Clock, Effect } from "effect"
import type { FetchedPartition } from "../../../services/Kafka.ts"
import type { AskBroker, SessionAnswer } from "../../../services/kafka/FetchSessions.ts"
import { freeBytes } from "../../../src/codec/FreeBytes.ts"
import type { KafkaErrorName } from "../../../src/codec/kafka/ErrorCodes.ts"
import type { FetchRequestBody, FetchRequestPartition } from "../../../src/codec/kafka/Fetch.ts"
import type { MemoryCluster } from "./MemoryCluster.ts"
import type { MemoryLog } from "./MemoryLog.ts"

const noRecords = Buffer.alloc(0)

/** What the leader says to somebody who takes this for its present epoch. */
export const epochRefusal = (log: MemoryLog, leaderEpoch: number): KafkaErrorName | undefined => {
  if (leaderEpoch >= 0 && leaderEpoch < log.leaderEpoch) return "FENCED_LEADER_EPOCH"
  return leaderEpoch > log.leaderEpoch ? "UNKNOWN_LEADER_EPOCH" : undefined
}

const refusal = (
  log: MemoryLog | undefined,
  broker: number,
  { leaderEpoch, offset }: FetchRequestPartition
): KafkaErrorName | undefined => {
  if (log === undefined) return "UNKNOWN_TOPIC_OR_PARTITION"
  if (log.error !== undefined) return log.error
  if (log.leader !== broker) return "NOT_LEADER_OR_FOLLOWER"
  const fenced = epochRefusal(log, leaderEpoch)
  if (fenced !== undefined) return fenced
  return offset < log.logStart || offset > log.logEnd ? "OFFSET_OUT_OF_RANGE" : undefined
}

/** As a broker fills a response: in the order asked for, the first data whole whatever its size. */
const fetchNow = (
  cluster: MemoryCluster,
  broker: number,
  partitions: ReadonlyArray<FetchRequestPartition>,
  { isolation, maxBytes }: FetchRequestBody
): Array<FetchedPartition> => {
  let left = maxBytes
  let firstData = true
  return partitions.map((wanted): FetchedPartition => {
    const { maxBytes, offset, partition, topic } = wanted
    const log = cluster.topics.findLog(wanted)
    const error = refusal(log, broker, wanted)
    if (log === undefined || error !== undefined) {
      const unknown = { highWatermark: -1n, lastStableOffset: -1n, logStartOffset: -1n }
      return { topic, partition, error, ...unknown, aborted: [], records: noRecords }
    }
    const committed = isolation === "read_committed"
    const upper = committed ? log.lastStable : log.highWatermark
    const records = log.read(offset, upper, Math.min(maxBytes, Math.max(0, left)), firstData)
    left -= records.length
    if (records.length > 0) firstData = false
    return {
      topic,
      partition,
      error: undefined,
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStable,
      logStartOffset: log.logStart,
      aborted: committed ? log.abortedBetween(offset, upper) : [],
      records
    }
  })
}

/** Of records in memory of their own, so that who reads them too late finds nothing. */
const answerOf = (
  found: ReadonlyArray<FetchedPartition>,
  sessionId = 0,
  error: KafkaErrorName | undefined = undefined
): SessionAnswer => {
  const partitions = found.map((one) => {
    const records = Buffer.allocUnsafeSlow(one.records.length)
    one.records.copy(records)
    return { ...one, records }
  })
  return {
    throttleMs: 0,
    error,
    sessionId,
    partitions,
    free: () => {
      for (const { records } of partitions) freeBytes(records)
    }
  }
}

/** What the broker has at once, or what comes within the time that the request may wait. */
const wait = Effect.fnUntraced(function*(
  cluster: MemoryCluster,
  broker: number,
  partitions: () => ReadonlyArray<FetchRequestPartition>,
  request: FetchRequestBody
) {
  const deadline = (yield* Clock.currentTimeMillis) + request.maxWaitMs
  for (;;) {
    const { version } = cluster.changes
    const found = fetchNow(cluster, broker, partitions(), request)
    const size = found.reduce((sum, { records }) => sum + records.length, 0)
    const left = deadline - (yield* Clock.currentTimeMillis)
    const told = found.length === 0 || found.some(({ error }) => error !== undefined)
    if (told || size >= request.minBytes || left <= 0) return found
    yield* Effect.raceFirst(
      Effect.interruptible(cluster.changes.after(version)),
      Effect.interruptible(Effect.sleep(left))
    )
  }
})

/** A broker's answers, with and without a session. */
export const askBroker = (cluster: MemoryCluster, broker: number): AskBroker => (request) =>
  Effect.gen(function*() {
    const { epoch, id } = request.session ?? { epoch: -1, id: 0 }
    const { sessions } = cluster
    if (epoch <= 0) {
      sessions.end(id)
      const found = yield* wait(cluster, broker, () => request.partitions, request)
      return answerOf(found, epoch < 0 ? 0 : sessions.begin(broker, request.partitions, found))
    }
    const session = sessions.find(broker, id)
    if (session === undefined) return answerOf([], 0, "FETCH_SESSION_ID_NOT_FOUND")
    if (session.epoch !== epoch) return answerOf([], 0, "INVALID_FETCH_SESSION_EPOCH")
    session.update(request.partitions, request.session?.forgotten ?? [])
    const found = yield* wait(cluster, broker, () => session.wanted, request)
    return answerOf(session.tell(found), id)
  })
