/** A report that a command writes into a file of the user's choice. */
import type { Effect } from "effect"
import { Context, Schema } from "effect"

export class ReportFileError extends Schema.TaggedError<ReportFileError>()("ReportFileError", {
  reason: Schema.Literal("NotWritable"),
  path: Schema.String,
  cause: Schema.Defect
}) {
  override get message(): string {
    const detail = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `the report ${this.path} cannot be written: ${detail}`
  }
}

export class ReportFile extends Context.Tag("kafka-data-keep/ReportFile")<ReportFile, {
  /** Fails when a file there could not be written; leaves what is there as it is. */
  readonly check: (path: string) => Effect.Effect<void, ReportFileError>
  /** Replaces what is there. */
  readonly write: (path: string, text: string) => Effect.Effect<void, ReportFileError>
}>() {}
