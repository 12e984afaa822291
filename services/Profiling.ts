/** What the running program spends its time and memory on. `ProfilingLayer.ts` asks V8. */
import type { Effect } from "effect"
import { Context, Schema } from "effect"

export class ProfilingError extends Schema.TaggedError<ProfilingError>()("ProfilingError", {
  /** Busy: one of the same kind is being taken, and V8 takes one at a time. */
  reason: Schema.Literal("Busy", "Failed"),
  operation: Schema.String,
  cause: Schema.optional(Schema.Defect)
}) {
  override get message(): string {
    if (this.reason === "Busy") return `another ${this.operation} is being taken, try again later`
    const detail = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `no ${this.operation}: ${detail}`
  }
}

/** Whoever stops waiting ends the measurement. */
export class Profiling extends Context.Tag("kafka-data-keep/Profiling")<Profiling, {
  /** Where processor time went during that many seconds: gzipped `profile.proto` of pprof. */
  readonly cpu: (seconds: number) => Effect.Effect<Uint8Array, ProfilingError>
  /**
   * What was allocated on the heap since the service started and is alive, by sampling: gzipped
   * `profile.proto`. `collect` collects garbage first.
   */
  readonly heap: (options: { readonly collect: boolean }) => Effect.Effect<
    Uint8Array,
    ProfilingError
  >
  /** Events of that many seconds in Chrome's trace event format, as JSON. */
  readonly trace: (seconds: number) => Effect.Effect<string, ProfilingError>
}>() {}
