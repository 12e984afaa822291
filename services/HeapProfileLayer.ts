/** V8's sampling heap profiler, read as stacks with what they allocated and still hold. */
import type { Scope } from "effect"
import { Clock, Effect } from "effect"
import type { HeapProfiler } from "node:inspector/promises"
import { inspector } from "./InspectorLayer.ts"
import { encodeProfile } from "./PprofLayer.ts"
import type { Measured, StackNode, Stacks } from "./ProfileStacks.ts"
import { ProfilingError } from "./Profiling.ts"

const operation = "heap profile"

/** Bytes from one sampled object to the next on average, as in Go. */
const interval = 512 * 1024

/** Bytes of an object are a multiple of this in V8. */
const granule = 8

/** How many objects of `size` bytes one sampled object stands for in V8's `ScaleSample`. */
const standsFor = (size: number): number => Math.round(1 / (1 - Math.exp(-size / interval)))

/**
 * About how many objects a sample of that many bytes is: V8 tells only size × number. Several
 * sizes can give the same product; small objects are by far the most frequent.
 */
export const objectsIn = (bytes: number): number => {
  if (bytes > 3 * interval) return 1
  for (let size = granule; size < bytes; size += granule) {
    const objects = standsFor(size)
    if (size * objects === bytes) return objects
  }
  return 1
}

/** The protocol's `SamplingHeapProfileNode` and `SamplingHeapProfile` as V8 has them today. */
interface TreeNode extends HeapProfiler.SamplingHeapProfileNode {
  readonly id: number
  readonly children: Array<TreeNode>
}

export interface SampledHeap extends HeapProfiler.SamplingHeapProfile {
  readonly head: TreeNode
  readonly samples: ReadonlyArray<{ readonly size: number; readonly nodeId: number }>
}

const isSampled = (profile: HeapProfiler.SamplingHeapProfile): profile is SampledHeap =>
  "samples" in profile && "id" in profile.head

/** The call tree and what was measured in it: number of objects, bytes. */
export const heapStacks = ({ head, samples }: SampledHeap): Stacks => {
  const nodes: Array<StackNode> = []
  const index = new Map<number, number>()
  const open: Array<readonly [TreeNode, number | undefined]> = [
    [head, undefined]
  ]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [{ callFrame, children, id }, parent] = next
    const at = nodes.length
    index.set(id, at)
    nodes.push({
      functionName: callFrame.functionName,
      url: callFrame.url,
      line: callFrame.lineNumber + 1,
      column: callFrame.columnNumber,
      parent
    })
    for (const child of children) open.push([child, at])
  }
  const known = new Map<number, number>()
  const sums = new Map<number, [objects: number, bytes: number]>()
  for (const { nodeId, size } of samples) {
    const node = index.get(nodeId)
    if (node === undefined) continue
    const objects = known.get(size) ?? objectsIn(size)
    known.set(size, objects)
    const [before, bytes] = sums.get(node) ?? [0, 0]
    sums.set(node, [before + objects, bytes + size])
  }
  const measured = [...sums].map(([node, values]): Measured => ({ node, line: undefined, values }))
  return { nodes, measured }
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`

/** What the profile does not show: buffers are outside of V8's heap. */
const memory = (): ReadonlyArray<string> =>
  Object.entries(process.memoryUsage()).map(([name, bytes]) => `${name}: ${mebibytes(bytes)}`)

/** Samples allocations until the scope closes; the answer takes a profile of what is alive. */
export const heapProfiler: Effect.Effect<
  (options: { readonly collect: boolean }) => Effect.Effect<Uint8Array, ProfilingError>,
  ProfilingError,
  Scope.Scope
> = Effect.gen(function*() {
  const { ask } = yield* inspector(operation)
  yield* ask((session) =>
    session.post("HeapProfiler.startSampling", { samplingInterval: interval })
  )
  return ({ collect }) =>
    Effect.gen(function*() {
      if (collect) yield* ask((session) => session.post("HeapProfiler.collectGarbage"))
      const startedMs = yield* Clock.currentTimeMillis
      const { profile } = yield* ask((session) => session.post("HeapProfiler.getSamplingProfile"))
      if (!isSampled(profile)) {
        const cause = new Error("this version of V8 tells no samples")
        return yield* new ProfilingError({ reason: "Failed", operation, cause })
      }
      return yield* encodeProfile(heapStacks(profile), {
        sampleTypes: [["inuse_objects", "count"], ["inuse_space", "bytes"]],
        period: { type: ["space", "bytes"], value: interval },
        startedMs,
        durationNanos: 0,
        comments: memory()
      })
    })
})
