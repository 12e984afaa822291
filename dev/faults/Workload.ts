/** Records of every kind that an application writes: what they are depends on the seed alone. */
import type { Random } from "../data/Random.ts"
import type { NewRecord, ProduceLine } from "../truth/Truth.ts"

interface Place {
  readonly topic: string
  readonly partitions: number
  /** Whether it takes records of a megabyte. */
  readonly large: boolean
}

/** Ids of the transactional producers. */
export const transactionalIds = ["faults-a", "faults-b"] as const

/** Settings of the producers: a broker that is away for a while costs seconds, not minutes. */
export const producerConfig = {
  "delivery.timeout.ms": "20000",
  "max.block.ms": "20000",
  "request.timeout.ms": "10000"
}

/** Transactions that are not ended are aborted after so long. */
const transactionConfig = { "transaction.timeout.ms": "10000" }

const roundRecords = 100
const usualBytes = 700
const largeBytes = 1_000_000
/** One record of so many is large. */
const largeChance = 1000

const hex = (text: string): string => Buffer.from(text).toString("hex")

const header = (random: Random, index: number): readonly [string, string | null] => [
  `header-${index}`,
  random.integer(5) === 0 ? null : hex(random.hex(random.integer(12)))
]

const newRecord = (random: Random, { large, partitions, topic }: Place): NewRecord => {
  const seed = random.integer(1_000_000_000)
  const isLarge = random.integer(largeChance) === 0 && large
  const size = random.integer(isLarge ? largeBytes : usualBytes)
  return {
    topic,
    partition: random.integer(partitions),
    key: random.integer(6) === 0 ? null : hex(`key-${random.integer(500)}`),
    value: random.integer(20) === 0 ? null : { size, seed },
    headers: Array.from({ length: random.integer(4) }, (_, index) => header(random, index))
  }
}

/** The records of a transaction, with its begin and its end. */
const transaction = (random: Random, id: string, records: ReadonlyArray<NewRecord>) => {
  const lines: ReadonlyArray<ProduceLine> = records.map((record) => ({ ...record, tx: id }))
  const end: ProduceLine = random.integer(3) === 0 ? { abort: id } : { commit: id }
  return [{ begin: id }, ...lines, end]
}

/** Two transactions and records of none, shuffled into one another. */
const interleaved = (random: Random, all: ReadonlyArray<ReadonlyArray<ProduceLine>>) => {
  const queues = all.map((lines) => [...lines])
  const lines: Array<ProduceLine> = []
  for (let left = queues.flat().length; left > 0;) {
    const next = queues[random.integer(queues.length)]?.splice(0, 1 + random.integer(9)) ?? []
    lines.push(...next)
    left -= next.length
  }
  return lines
}

export interface Round {
  readonly lines: ReadonlyArray<ProduceLine>
  readonly config: Readonly<Record<string, string>>
}

/** The lines of one call to the producer. */
export const round = (random: Random, places: readonly [Place, ...ReadonlyArray<Place>]): Round => {
  const config = {
    ...producerConfig,
    "compression.type": random.pick(["none", "gzip", "snappy", "lz4", "zstd"])
  }
  const records = Array.from(
    { length: roundRecords },
    () => newRecord(random, random.pick(places))
  )
  if (random.integer(3) > 0) return { lines: records, config }
  const [one, other] = transactionalIds
  const lines = interleaved(random, [
    records.slice(0, 20),
    transaction(random, one, records.slice(20, 60)),
    transaction(random, other, records.slice(60))
  ])
  return { lines, config: { ...config, ...transactionConfig } }
}

/** Ends what the transactional producers have left open: whoever begins anew aborts it. */
export const endTransactions = (topic: string): Round => ({
  lines: transactionalIds.flatMap((id): ReadonlyArray<ProduceLine> => [
    { begin: id },
    { topic, partition: 0, value: hex(`end of ${id}`), tx: id },
    { commit: id }
  ]),
  config: { ...producerConfig, ...transactionConfig }
})
