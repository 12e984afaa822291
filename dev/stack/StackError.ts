/** The one error of the local stack: which step failed, and why. */
import { Schema } from "effect"

export class StackError extends Schema.TaggedError<StackError>()("StackError", {
  step: Schema.String,
  cause: Schema.Defect
}) {
  override get message(): string {
    const detail = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `${this.step}: ${detail}`
  }
}
