/** Schedules of what can happen to replicas of a restore, as plain data that can be shrunk. */
import fc from "fast-check"

export const replicaCount = 3
export const sourceCount = 3

export type RestoreStep =
  /** A file of so many records more; so many of them are in the file before it, too. */
  | {
    readonly do: "plan"
    readonly partition: number
    readonly records: number
    readonly overlap: number
  }
  | { readonly do: "wait"; readonly millis: number }
  | { readonly do: "start"; readonly replica: number }
  /** As by SIGTERM. */
  | { readonly do: "stop"; readonly replica: number }
  /** As by SIGKILL: nobody says goodbye to the group. */
  | { readonly do: "crash"; readonly replica: number }
  /** As by SIGSTOP, with requests on their way: the group gives the replica up. */
  | { readonly do: "freeze"; readonly replica: number }
  /** As by SIGCONT. */
  | { readonly do: "thaw"; readonly replica: number }
  /** The coordinator gives a replica up, which goes on without knowing it. */
  | { readonly do: "expire"; readonly replica: number }
  /** Its batches arrive late from now on, also after it is gone. */
  | { readonly do: "lag"; readonly replica: number; readonly millis: number }
  | { readonly do: "fail produce"; readonly replica: number; readonly done: boolean }
  | { readonly do: "fail commit"; readonly replica: number; readonly done: boolean }
  | { readonly do: "fail read"; readonly afterBytes: number }
  /** The group forgets its place, and the plan is delivered again from its start. */
  | { readonly do: "deliver again" }

const replica = fc.nat({ max: replicaCount - 1 })

const step = <const Do extends string, Rest>(what: Do, rest: fc.Arbitrary<Rest>) =>
  rest.map((fields) => ({ do: what, ...fields }))

const weighted = <A>(weight: number, arbitrary: fc.Arbitrary<A>) => ({ weight, arbitrary })

const anyStep: fc.Arbitrary<RestoreStep> = fc.oneof(
  weighted(
    4,
    step(
      "plan",
      fc.record({
        partition: fc.nat({ max: sourceCount - 1 }),
        records: fc.integer({ min: 1, max: 60 }),
        overlap: fc.constantFrom(0, 0, 0, 1, 5)
      })
    )
  ),
  weighted(8, step("wait", fc.record({ millis: fc.constantFrom(10, 100, 500, 1500, 4000) }))),
  weighted(7, step("start", fc.record({ replica }))),
  weighted(2, step("stop", fc.record({ replica }))),
  weighted(2, step("crash", fc.record({ replica }))),
  weighted(2, step("freeze", fc.record({ replica }))),
  weighted(1, step("thaw", fc.record({ replica }))),
  weighted(2, step("expire", fc.record({ replica }))),
  weighted(3, step("lag", fc.record({ replica, millis: fc.constantFrom(50, 400, 3000) }))),
  weighted(2, step("fail produce", fc.record({ replica, done: fc.boolean() }))),
  weighted(1, step("fail commit", fc.record({ replica, done: fc.boolean() }))),
  weighted(1, step("fail read", fc.record({ afterBytes: fc.nat({ max: 600 }) }))),
  weighted(1, fc.constant({ do: "deliver again" as const }))
)

export const anyRestoreSchedule = fc.array(anyStep, { minLength: 1, maxLength: 25, size: "max" })
