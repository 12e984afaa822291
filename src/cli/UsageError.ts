/** Wrong use of the command line: found before anything is started, exit code 2. */
import { Data } from "effect"

export class UsageError extends Data.TaggedError("UsageError")<{
  /** The command it concerns; empty when the command itself is missing or unknown. */
  readonly command: string
  /** One sentence per mistake. */
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return this.problems.join("; ")
  }
}
