import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import fc from "fast-check"
import { createTopic } from "../support/BackupHarness.ts"
import type { Program } from "../support/BackupPrograms.ts"
import { newProgram, shared } from "../support/BackupPrograms.ts"
import { makeReferee } from "../support/BackupReferee.ts"
import type { BackupStep } from "../support/BackupSchedule.ts"
import { anyBackupSchedule, memberCount, partitionCount } from "../support/BackupSchedule.ts"
import { faster } from "../support/FastClock.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"
import { Bucket } from "../support/ObjectStoreMemory.ts"

interface Member {
  readonly program: Program
  running: Fiber.Fiber<unknown, unknown> | undefined
}

/** What the disk holds at this moment is what is left; nothing more reaches Kafka. */
const crash = (member: Member) =>
  Effect.gen(function*() {
    const { disk, faults } = member.program
    const files = new Map(disk.files)
    faults.disconnect()
    if (member.running !== undefined) yield* Fiber.interrupt(member.running)
    member.running = undefined
    disk.files.clear()
    for (const [name, file] of files) disk.files.set(name, file)
    disk.open.clear()
    faults.reconnect()
  })

const play = (minFileSize: number, schedule: ReadonlyArray<BackupStep>) =>
  Effect.gen(function*() {
    const options = { minFileSize, topicRefreshMs: 1000 }
    const cluster = yield* KafkaMemory.Cluster
    const bucket = yield* Bucket
    yield* createTopic("orders", partitionCount)
    const referee = yield* makeReferee(partitionCount)
    const members: Array<Member> = []
    for (let at = 0; at < memberCount; at++) {
      const program = yield* newProgram
      referee.watch(program)
      members.push({ program, running: undefined })
    }
    const group = cluster.group("backup")
    const expire = (at: number) => {
      const memberId = [...group.members.keys()][at]
      return memberId === undefined ? Effect.void : Effect.ignore(group.leave(memberId))
    }

    /** Changes with everything that a member does. */
    const state = () =>
      [
        bucket.calls.length,
        group.generation,
        ...members.flatMap(({ program: { disk, faults } }) => [
          faults.calls("commitOffsets"),
          faults.calls("listOffsets"),
          ...[...disk.files.values()].map(({ bytes }) => bytes.length)
        ])
      ].join()
    const settle = Effect.gen(function*() {
      for (let same = 0, tries = 0; same < 6 && tries < 100; tries++) {
        const before = state()
        yield* Effect.sleep(400)
        same = state() === before ? same + 1 : 0
      }
    })

    const perform = (step: BackupStep): Effect.Effect<unknown> =>
      Effect.suspend((): Effect.Effect<unknown> => {
        const member = "member" in step ? members[step.member] : undefined
        switch (step.do) {
          case "produce":
            return Effect.sync(() => referee.append(step.partition, step.records))
          case "transact":
            return Effect.sync(() => referee.transact(step.partition, step.records))
          case "end transaction":
            return Effect.sync(() => referee.end(step.partition, step.commit))
          case "delete head":
            return Effect.sync(() => referee.deleteHead(step.partition, step.percent))
          case "set offset":
            return Effect.sync(() => referee.setOffset(step.partition, step.offset))
          case "end sessions":
            return Effect.sync(() => {
              cluster.sessions.endAll()
              cluster.sessions.slots = step.slots
            })
          case "settle":
            return settle
          case "wait":
            return Effect.sleep(step.millis)
          case "fail upload":
            return Effect.sync(() => {
              for (let times = 0; times < step.times; times++) {
                bucket.faults.push({
                  operation: "putIfAbsent",
                  reason: "Unreachable",
                  afterwards: step.stored
                })
              }
            })
          case "expire":
            return expire(step.member)
        }
        if (member === undefined) return Effect.void
        const { faults, flush } = member.program
        switch (step.do) {
          case "start":
            if (member.running !== undefined) return Effect.void
            return Effect.map(member.program.start(options), (fiber) => (member.running = fiber))
          case "stop":
            if (member.running === undefined) return Effect.void
            return Effect.map(Fiber.interrupt(member.running), () => (member.running = undefined))
          case "crash":
            return crash(member)
          case "flush":
            return member.running === undefined
              ? Effect.void
              : Effect.timeoutOption(Effect.ignore(Effect.interruptible(flush)), "5 seconds")
          case "fail commit":
            return Effect.sync(() =>
              step.done
                ? faults.loseAnswer("commitOffsets", "REQUEST_TIMED_OUT")
                : faults.fail("commitOffsets", "COORDINATOR_NOT_AVAILABLE")
            )
          case "fail fetch":
            return Effect.sync(() => faults.fail("fetch", "CONNECTION_FAILED"))
          case "cut off":
            return Effect.sync(() => faults.disconnect())
          case "reconnect":
            return Effect.sync(() => faults.reconnect())
        }
      })

    for (const step of [{ do: "start", member: 0 } as const, ...schedule]) {
      yield* perform(step)
      yield* Effect.yieldNow()
    }

    bucket.faults.length = 0
    for (let partition = 0; partition < partitionCount; partition++) referee.end(partition, true)
    for (const { program, running } of members) {
      program.faults.heal()
      if (running !== undefined) yield* Fiber.interrupt(running)
    }
    while (group.members.size > 0) yield* expire(0)
    for (const [at, { program }] of members.entries()) {
      const exit = yield* Effect.exit(Effect.timeout(program.once(options), "3 hours"))
      if (Exit.isFailure(exit)) referee.report(`member ${at}: ${Cause.pretty(exit.cause)}`)
      const left = [...program.disk.files.keys(), ...program.disk.aside.keys()]
      if (left.length > 0) referee.report(`member ${at} still has ${left.join(", ")}`)
    }
    return (yield* referee.check).join("\n")
  }).pipe(Effect.scoped, Effect.provide(shared), faster(40))

/** A file for each block, some blocks in a file, or files only by a flush. */
const anyFileSize = fc.constantFrom(1, 2000, 1 << 20)

/** The store keeps a file, its answer is lost, and the upload is tried again. */
const answerLost: [number, ReadonlyArray<BackupStep>] = [1, [
  { do: "produce", partition: 1, records: 3 },
  { do: "settle" },
  { do: "fail upload", stored: true, times: 1 },
  { do: "produce", partition: 1, records: 3 },
  { do: "settle" }
]]

const wanted = process.env["MODEL_RUNS"]
/** The same schedules each time, unless somebody asks for more of them. */
const parameters = wanted === undefined ? { numRuns: 50, seed: 1 } : { numRuns: Number(wanted) }

describe("members of a backup, whatever happens to them and in whatever order,", () => {
  it(
    "archive each record that is committed, exactly, before they commit or remove anything",
    () =>
      fc.assert(
        fc.asyncProperty(anyFileSize, anyBackupSchedule, async (minFileSize, schedule) => {
          assert.strictEqual(await Effect.runPromise(play(minFileSize, schedule)), "")
        }),
        { ...parameters, examples: [answerLost] }
      ),
    60_000 + parameters.numRuns * 1000
  )
})
