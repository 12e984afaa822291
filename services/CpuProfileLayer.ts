/** V8's CPU profiler, read as stacks with their time. */
import type { Scope } from "effect"
import { Clock, Effect } from "effect"
import type { Profiler, Runtime } from "node:inspector/promises"
import { inspector } from "./InspectorLayer.ts"
import { encodeProfile } from "./PprofLayer.ts"
import type { Measured, StackNode } from "./ProfileStacks.ts"
import type { ProfilingError } from "./Profiling.ts"

/** Finer than the 10 ms of Go, and what V8 takes by itself. */
const intervalMicros = 1000

interface Times {
  samples: number
  micros: number
}

/** Samples and microseconds of each node itself, by its id. */
const timesOf = ({ samples = [], timeDeltas = [] }: Profiler.Profile) => {
  const times = new Map<number, Times>()
  samples.forEach((id, at) => {
    const own = times.get(id) ?? { samples: 0, micros: 0 }
    own.samples += 1
    // V8 may report samples slightly out of order.
    own.micros += Math.max(0, timeDeltas[at] ?? 0)
    times.set(id, own)
  })
  return times
}

const measuredOf = (node: number, own: Times, ticks: ReadonlyArray<Profiler.PositionTickInfo>) => {
  const all = ticks.reduce((sum, tick) => sum + tick.ticks, 0)
  if (all === 0) return [{ node, line: undefined, values: [own.samples, own.micros * 1000] }]
  return ticks.map((tick): Measured => ({
    node,
    line: tick.line,
    values: [tick.ticks, Math.round(own.micros * 1000 * tick.ticks / all)]
  }))
}

/** Waiting, as in Go's profiles, and the start of the profiler itself, which takes a while. */
const isLeftOut = ({ functionName, url }: Runtime.CallFrame): boolean =>
  functionName === "(root)" || functionName === "(idle)" || url === "node:inspector"

/** The call tree and what was measured in it: number of samples, nanoseconds. */
export const cpuStacks = (profile: Profiler.Profile) => {
  const index = new Map(profile.nodes.map(({ id }, at) => [id, at]))
  const parents = new Map(
    profile.nodes.flatMap(({ children = [] }, parent) => children.map((id) => [id, parent]))
  )
  const nodes = profile.nodes.map(({ callFrame, id }): StackNode => ({
    functionName: callFrame.functionName,
    url: callFrame.url,
    line: callFrame.lineNumber + 1,
    column: callFrame.columnNumber,
    parent: parents.get(id)
  }))
  const measured = [...timesOf(profile)].flatMap(([id, own]) => {
    const at = index.get(id)
    const node = at === undefined ? undefined : profile.nodes[at]
    return at === undefined || node === undefined || isLeftOut(node.callFrame)
      ? []
      : measuredOf(at, own, node.positionTicks ?? [])
  })
  return { nodes, measured }
}

export const cpuProfile = (
  seconds: number
): Effect.Effect<Uint8Array, ProfilingError, Scope.Scope> =>
  Effect.gen(function*() {
    const { ask } = yield* inspector("CPU profile")
    const startedMs = yield* Clock.currentTimeMillis
    yield* ask((session) => session.post("Profiler.enable"))
    yield* ask((session) =>
      session.post("Profiler.setSamplingInterval", { interval: intervalMicros })
    )
    yield* ask((session) => session.post("Profiler.start"))
    yield* Effect.sleep(seconds * 1000)
    const { profile } = yield* ask((session) => session.post("Profiler.stop"))
    return yield* encodeProfile(cpuStacks(profile), {
      sampleTypes: [["samples", "count"], ["cpu", "nanoseconds"]],
      period: { type: ["cpu", "nanoseconds"], value: intervalMicros * 1000 },
      startedMs,
      durationNanos: (profile.endTime - profile.startTime) * 1000,
      comments: []
    })
  })
