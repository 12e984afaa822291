/** Knows what was produced, and watches a backup keep its promises about it at every moment. */
import { Effect } from "effect"
import { factsFromMetadata } from "../../src/codec/FactsMetadata.ts"
import { archived, archiveKeys, recordsIn } from "./BackupHarness.ts"
import type { Program } from "./BackupPrograms.ts"
import { buildBatch, buildMarker, plainRecord } from "./Batches.ts"
import * as KafkaMemory from "./KafkaMemory.ts"
import * as ObjectStoreMemory from "./ObjectStoreMemory.ts"

const topic = "orders"

interface OpenTransaction {
  readonly producerId: bigint
  readonly offsets: Array<number>
}

/** A buffer file at the moment of its removal, and what else was there. */
interface Removal {
  readonly name: string
  readonly bytes: Buffer
  readonly keys: ReadonlySet<string>
  readonly others: ReadonlyArray<Buffer>
}

/** What a member committed, and what was true in that moment. */
interface Commit {
  readonly partition: number
  readonly offset: bigint
  readonly logStart: bigint
  readonly keys: ReadonlySet<string>
}

interface PartitionTruth {
  /** Values, by offset, of the records that a read_committed reader gets, when all is ended. */
  readonly visible: Map<number, string>
  open: OpenTransaction | undefined
}

export const makeReferee = (partitions: number) =>
  Effect.gen(function*() {
    const cluster = yield* KafkaMemory.Cluster
    const { objects } = yield* ObjectStoreMemory.Bucket
    const truth = Array.from({ length: partitions }, (): PartitionTruth => (
      { visible: new Map(), open: undefined }
    ))
    const offences: Array<string> = []
    const removals: Array<Removal> = []
    const commits: Array<Commit> = []
    let written = 0
    let producers = 1n

    const report = (text: string) => void offences.push(text)
    const logOf = (partition: number) => cluster.topics.log({ topic, partition })

    const set = objects.set.bind(objects)
    objects.set = (key, object) => {
      if (objects.has(key)) report(`${key} was overwritten`)
      return set(key, object)
    }
    const { offsets } = cluster.group("backup")
    const commit = offsets.commit.bind(offsets)
    offsets.commit = (one) => {
      const { offset, partition } = one
      const { logStart } = logOf(partition)
      commits.push({ partition, offset, logStart, keys: new Set(objects.keys()) })
      return commit(one)
    }

    /** By somebody who is not under test. */
    const setOffset = (partition: number, offset: number) => {
      commit({ topic, partition, offset: BigInt(offset), leaderEpoch: -1, metadata: null })
    }

    /** Reports each buffer file that is removed. */
    const watch = ({ disk: { files } }: Program) => {
      const remove = files.delete.bind(files)
      files.delete = (name) => {
        const bytes = files.get(name)?.bytes
        const others = [...files].filter(([other]) => other !== name).map(([, file]) => file.bytes)
        if (bytes !== undefined) {
          removals.push({ name, bytes, keys: new Set(objects.keys()), others })
        }
        return remove(name)
      }
    }

    const append = (partition: number, count: number, transaction?: OpenTransaction) => {
      const batch = Array.from({ length: count }, (_, offsetDelta) =>
        plainRecord({ value: Buffer.from(`value ${written++}`), offsetDelta }))
      const producer = transaction === undefined ? {} : {
        producerId: transaction.producerId,
        producerEpoch: 0,
        baseSequence: 0,
        transactional: true
      }
      const { header } = cluster.append({ topic, partition }, buildBatch(batch, producer))
      for (const [at, { value }] of batch.entries()) {
        const offset = Number(header.baseOffset) + at
        truth[partition]?.visible.set(offset, String(value))
        transaction?.offsets.push(offset)
      }
    }

    const end = (partition: number, commits: boolean) => {
      const here = truth[partition]
      if (here?.open === undefined) {
        return
      }
      const { offsets, producerId } = here.open
      here.open = undefined
      const marker = buildMarker(commits ? "commit" : "abort", { producerId })
      cluster.append({ topic, partition }, marker)
      if (!commits) {
        for (const offset of offsets) {
          here.visible.delete(offset)
        }
      }
    }

    const transact = (partition: number, count: number) => {
      const here = truth[partition]
      if (here === undefined) {
        return
      }
      here.open ??= { producerId: producers++, offsets: [] }
      append(partition, count, here.open)
    }

    /** Retention: deletes whole batches from the head. */
    const deleteHead = (partition: number, percent: number) => {
      const log = logOf(partition)
      const starts = log.batches.map(({ header }) =>
        header.baseOffset
      )
      const at = starts[Math.floor(starts.length * percent / 101)]
      if (at !== undefined && at <= log.lastStable) log.deleteBefore(at)
      cluster.changes.notify()
    }

    /** Offsets and values in each file, by key. */
    const readArchive = Effect.gen(function*() {
      const byKey = new Map<string, ReadonlyArray<readonly [number, string]>>()
      for (const key of yield* archiveKeys) {
        const records = yield* archived(key)
        byKey.set(key, records.map(({ offset, value }) => [Number(offset), String(value)]))
      }
      return byKey
    })

    const coverageOf = (key: string) => factsFromMetadata(objects.get(key)?.metadata ?? {})

    const checkPartition = (
      partition: number,
      byKey: Effect.Effect.Success<typeof readArchive>
    ) => {
      const folder = `backup/${topic}/${partition}/`
      const name = `${topic}-${partition}`
      const log = logOf(partition)
      const visible = truth[partition]?.visible ?? new Map<number, string>()
      const found = new Map<number, string>()
      let reached: bigint | undefined
      for (const [key, records] of byKey) {
        if (!key.startsWith(folder)) continue
        for (const [offset, value] of records) {
          if (visible.get(offset) !== value) report(`${key} holds ${value} at ${offset}`)
          if ((found.get(offset) ?? value) !== value) report(`${key} contradicts at ${offset}`)
          found.set(offset, value)
        }
        const facts = coverageOf(key)
        if (facts === undefined) report(`${key} has no facts`)
        else {
          // What is gone from the log may have been in the buffer of nobody, or of one alone.
          const gone = facts.coverageStart <= log.logStart
          if (reached !== undefined && facts.coverageStart > reached && !gone) {
            report(`${name}: a hole from ${reached} to ${facts.coverageStart}`)
          }
          if (reached === undefined || facts.coverageNext > reached) reached = facts.coverageNext
        }
      }
      for (const [offset, value] of visible) {
        if (found.get(offset) !== value && BigInt(offset) >= log.logStart) {
          report(`${name}: ${offset} is not archived`)
        }
      }
      for (const commit of commits.filter((each) => each.partition === partition)) {
        const durable = new Set(
          [...byKey].filter(([key]) => commit.keys.has(key) && key.startsWith(folder)).flatMap((
            [, records]
          ) => records.map(([offset]) => offset))
        )
        for (const offset of visible.keys()) {
          // Nobody can read it from Kafka again, whatever the offset says.
          const gone = BigInt(offset) < commit.logStart
          if (offset < commit.offset && !durable.has(offset) && !gone) {
            report(`${name}: ${commit.offset} was committed before ${offset} was archived`)
            break
          }
        }
      }
    }

    const checkRemovals = (byKey: Effect.Effect.Success<typeof readArchive>) =>
      Effect.forEach(removals, ({ bytes, keys, name, others }) =>
        Effect.gen(function*() {
          const folder = name.slice(0, name.lastIndexOf("/") + 1)
          const kept = new Set(
            [...byKey].filter(([key]) => keys.has(key) && key.startsWith(folder)).flatMap((
              [, records]
            ) => records.map(([offset]) => offset))
          )
          const records = yield* recordsIn(bytes)
          const missing = records.filter(({ offset }) => !kept.has(Number(offset)))
          if (missing.length === 0) return
          const elsewhere = new Set(
            (yield* Effect.forEach(others, recordsIn)).flat().map(
              ({ offset, partition }) => `${partition} ${offset}`
            )
          )
          const lost = missing.find(({ offset, partition }) =>
            !elsewhere.has(`${partition} ${offset}`)
          )
          if (lost !== undefined) report(`${name} was removed with ${lost.offset} in it alone`)
        }), { discard: true })

    const check = Effect.gen(function*() {
      const byKey = yield* readArchive
      for (let partition = 0; partition < partitions; partition++) checkPartition(partition, byKey)
      yield* checkRemovals(byKey)
      return offences
    })

    return { watch, append, transact, end, deleteHead, setOffset, report, check }
  })
