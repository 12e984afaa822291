/** A worker as the main thread sees it. `WorkerThreadLayer.ts` starts one. */
import type { Mailbox } from "effect"
import { Schema } from "effect"
import type { FromWorker, ToWorker } from "./WorkerMessages.ts"

/** The thread ended without a word of its own: by an exception, or out of memory. */
export class WorkerCrashed extends Schema.TaggedError<WorkerCrashed>()("WorkerCrashed", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

export interface WorkerThread {
  /** Nothing happens when the thread is no more. */
  readonly post: (message: ToWorker) => void
  /** All that it says, in order; ends with the thread. */
  readonly said: Mailbox.ReadonlyMailbox<FromWorker, WorkerCrashed>
  /** Ends the thread wherever it is. */
  readonly end: () => void
}
