import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Ref } from "effect"
import fc from "fast-check"
import { faster } from "../support/FastClock.ts"
import { Cluster } from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"
import {
  createTarget,
  logRecords,
  plan,
  putRange,
  restore,
  targetOf,
  world
} from "../support/RestoreHarness.ts"
import type { Replica } from "../support/RestoreReplica.ts"
import { makeReplica } from "../support/RestoreReplica.ts"
import type { RestoreStep } from "../support/RestoreSchedule.ts"
import { anyRestoreSchedule, replicaCount, sourceCount } from "../support/RestoreSchedule.ts"

/** Milliseconds after which all that was sent has arrived. */
const longestLag = 5000

/** What a partition's files hold: up to `end`, the last of them from `last` on. */
interface Archived {
  last: number
  end: number
}

/** Adds a file that begins behind the one before it, as a backup's files do. */
const planMore = (archived: Archived, partition: number, records: number, overlap: number) =>
  Effect.gen(function*() {
    const first = Math.max(archived.last + 1, archived.end - overlap)
    const end = archived.end + records
    yield* putRange({ topic: "orders", partition }, first, end - 1)
    Object.assign(archived, { last: first, end })
    yield* plan({ planTopicPartitions: 2 })
  })

/** What is wrong in a target: each record must be there once, in order. */
const differences = (partition: number, end: number) =>
  Effect.map(logRecords(targetOf({ topic: "orders", partition })), (records) => {
    const wrong = records.findIndex(({ headers, value }, at) =>
      headers[0]?.[1]?.toString() !== String(at) || value?.toString() !== `value ${at}`
    )
    const found = records[wrong]?.headers[0]?.[1]?.toString()
    if (wrong >= 0) return [`orders-${partition}: ${found} where ${wrong} should be`]
    return records.length === end
      ? []
      : [`orders-${partition}: ${records.length} records of ${end}`]
  })

const perform = (
  step: RestoreStep,
  replicas: ReadonlyArray<Replica>,
  archive: ReadonlyArray<Archived>
) =>
  Effect.gen(function*() {
    const { faults: storeFaults } = yield* Bucket
    const group = (yield* Cluster).group("restore")
    const archived = "partition" in step ? archive[step.partition] : undefined
    const replica = "replica" in step ? replicas[step.replica] : undefined
    switch (step.do) {
      case "plan":
        return archived === undefined
          ? undefined
          : yield* planMore(archived, step.partition, step.records, step.overlap)
      case "wait":
        return yield* Effect.sleep(step.millis)
      case "fail read":
        return void storeFaults.push({ operation: "get", reason: "Unreachable", ...step })
      case "deliver again":
        for (const each of group.offsets.all) group.offsets.commit({ ...each, offset: 0n })
        return
      case "expire": {
        const memberId = [...group.members.keys()][step.replica]
        return memberId === undefined ? undefined : yield* Effect.ignore(group.leave(memberId))
      }
    }
    if (replica === undefined) return
    const { faults } = replica
    switch (step.do) {
      case "fail produce":
        return step.done
          ? faults.loseAnswer("produce", "REQUEST_TIMED_OUT")
          : faults.fail("produce", "NOT_LEADER_OR_FOLLOWER")
      case "fail commit":
        return step.done
          ? faults.loseAnswer("commitOffsets", "REQUEST_TIMED_OUT")
          : faults.fail("commitOffsets", "COORDINATOR_NOT_AVAILABLE")
      case "lag":
        return yield* replica.lag(step.millis)
      default:
        return yield* replica[step.do]
    }
  })

const play = (schedule: ReadonlyArray<RestoreStep>) =>
  Effect.gen(function*() {
    const group = (yield* Cluster).group("restore")
    const archive = Array.from({ length: sourceCount }, (): Archived => ({ last: -1, end: 0 }))
    yield* createTarget("orders", sourceCount)
    for (const [partition, archived] of archive.entries()) {
      yield* planMore(archived, partition, 25, 0)
    }
    const replicas = yield* Effect.replicateEffect(makeReplica, replicaCount)
    for (const step of schedule) yield* perform(step, replicas, archive)

    // Some are still frozen, or think that they own something.
    const { delay, faults } = yield* Bucket
    faults.length = 0
    yield* Ref.set(delay, 0)
    while (group.members.size > 0) {
      const [memberId = ""] = group.members.keys()
      yield* group.leave(memberId)
    }
    const offences: Array<string> = []
    const exit = yield* Effect.exit(Effect.timeout(restore(), "10 minutes"))
    if (Exit.isFailure(exit)) offences.push(Cause.pretty(exit.cause))
    for (const { faults } of replicas) faults.heal()
    yield* Effect.forEach(replicas, ({ thaw }) => thaw, { discard: true })
    yield* Effect.sleep(longestLag)
    yield* Effect.forEach(replicas, ({ stop }) => stop, { concurrency: "unbounded" })
    yield* Effect.sleep(longestLag)
    for (const [partition, { end }] of archive.entries()) {
      offences.push(...(yield* differences(partition, end)))
    }
    return offences.join("\n")
  }).pipe(Effect.scoped, Effect.provide(world), faster(100))

const wanted = process.env["MODEL_RUNS"]
/** The same schedules each time, unless somebody asks for more of them. */
const parameters = wanted === undefined ? { numRuns: 70, seed: 1 } : { numRuns: Number(wanted) }

/** Found by chance: what the replica gives up while it has much to do must not count for ever. */
const lostTwice: [ReadonlyArray<RestoreStep>] = [[
  { do: "wait", millis: 4000 },
  { do: "plan", partition: 2, records: 10, overlap: 0 },
  { do: "wait", millis: 4000 },
  { do: "start", replica: 0 },
  { do: "deliver again" },
  { do: "wait", millis: 600 },
  { do: "expire", replica: 0 },
  { do: "wait", millis: 600 },
  { do: "plan", partition: 1, records: 29, overlap: 0 }
]]

describe("replicas of a restore, whatever happens to them and in whatever order,", () => {
  it("leave each record in its target once, and in order", () =>
    fc.assert(
      fc.asyncProperty(anyRestoreSchedule, async (schedule) => {
        assert.strictEqual(await Effect.runPromise(play(schedule)), "")
      }),
      { ...parameters, examples: [lostTwice] }
    ), 60_000 + parameters.numRuns * 1500)
})
