/** Schedules of what can happen to members of a backup, as plain data that can be shrunk. */
import fc from "fast-check"

export const memberCount = 2
export const partitionCount = 2

export type BackupStep =
  | { readonly do: "produce"; readonly partition: number; readonly records: number }
  /** Appends to the transaction that is open in the partition, or opens one. */
  | { readonly do: "transact"; readonly partition: number; readonly records: number }
  | { readonly do: "end transaction"; readonly partition: number; readonly commit: boolean }
  | { readonly do: "wait"; readonly millis: number }
  /** Waits until nothing moves any more. */
  | { readonly do: "settle" }
  | { readonly do: "start"; readonly member: number }
  /** As by SIGTERM: what is in memory comes into the disk buffer. */
  | { readonly do: "stop"; readonly member: number }
  /** As by SIGKILL: what is in memory is gone, and nobody says goodbye to the group. */
  | { readonly do: "crash"; readonly member: number }
  /** The coordinator gives a member up, which goes on without knowing it. */
  | { readonly do: "expire"; readonly member: number }
  | { readonly do: "flush"; readonly member: number }
  | { readonly do: "fail upload"; readonly stored: boolean; readonly times: number }
  | { readonly do: "fail commit"; readonly member: number; readonly done: boolean }
  | { readonly do: "fail fetch"; readonly member: number }
  | { readonly do: "cut off"; readonly member: number }
  | { readonly do: "reconnect"; readonly member: number }
  /** The broker gives up its fetch sessions; from then on it keeps so many. */
  | { readonly do: "end sessions"; readonly slots: number }
  /** Somebody sets the committed offset, which is to be no more than a hint. */
  | { readonly do: "set offset"; readonly partition: number; readonly offset: number }
  /** Retention takes so much of the log, in percent. */
  | { readonly do: "delete head"; readonly partition: number; readonly percent: number }

const member = fc.nat({ max: memberCount - 1 })
const partition = fc.nat({ max: partitionCount - 1 })
const records = fc.integer({ min: 1, max: 12 })

const step = <const Do extends string, Rest>(what: Do, rest: fc.Arbitrary<Rest>) =>
  rest.map((fields) => ({ do: what, ...fields }))

const weighted = <A>(weight: number, arbitrary: fc.Arbitrary<A>) => ({ weight, arbitrary })

const anyStep: fc.Arbitrary<BackupStep> = fc.oneof(
  weighted(8, step("produce", fc.record({ partition, records }))),
  weighted(3, step("transact", fc.record({ partition, records }))),
  weighted(3, step("end transaction", fc.record({ partition, commit: fc.boolean() }))),
  weighted(4, step("wait", fc.record({ millis: fc.constantFrom(5, 50, 400, 2000) }))),
  weighted(8, fc.constant({ do: "settle" as const })),
  weighted(6, step("start", fc.record({ member }))),
  weighted(2, step("stop", fc.record({ member }))),
  weighted(3, step("crash", fc.record({ member }))),
  weighted(2, step("expire", fc.record({ member }))),
  weighted(3, step("flush", fc.record({ member }))),
  weighted(
    2,
    step("fail upload", fc.record({ stored: fc.boolean(), times: fc.integer({ min: 1, max: 3 }) }))
  ),
  weighted(2, step("fail commit", fc.record({ member, done: fc.boolean() }))),
  weighted(1, step("fail fetch", fc.record({ member }))),
  weighted(1, step("cut off", fc.record({ member }))),
  weighted(1, step("reconnect", fc.record({ member }))),
  weighted(1, step("end sessions", fc.record({ slots: fc.constantFrom(0, 1, 1000) }))),
  weighted(1, step("set offset", fc.record({ partition, offset: fc.nat({ max: 100 }) }))),
  weighted(
    1,
    step("delete head", fc.record({ partition, percent: fc.integer({ min: 1, max: 100 }) }))
  )
)

export const anyBackupSchedule = fc.array(anyStep, { minLength: 1, maxLength: 30, size: "max" })
