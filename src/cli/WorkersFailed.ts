/** How workers fail, and what of that is said by the main thread. */
import { Data } from "effect"

/** The work is done as far as it can be: nobody has to stop because of it. */
export class PartlyDone extends Data.TaggedError("PartlyDone")<{
  readonly message: string
}> {}

export interface WorkerFailure {
  readonly worker: number
  /** One sentence each. */
  readonly errors: ReadonlyArray<string>
}

export class WorkersFailed extends Data.TaggedError("WorkersFailed")<{
  readonly failures: ReadonlyArray<WorkerFailure>
}> {
  override get message(): string {
    return this.failures.flatMap(({ errors }) => errors).join("; ")
  }
}
