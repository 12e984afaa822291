/** Asks for everything buffered to be uploaded now: SIGUSR1 or `POST /__/flush`. */
import type { Deferred, Effect } from "effect"
import { Context } from "effect"

/** `committed`: all of it is uploaded and committed. Else: uploaded, but Kafka did not answer. */
export interface FlushOutcome {
  readonly files: number
  readonly committed: boolean
}

export interface FlushRequest {
  /** Completed by the backup: with the outcome, or with what went wrong in one sentence. */
  readonly reply: Deferred.Deferred<FlushOutcome, string>
}

export class FlushRequests extends Context.Tag("kafka-data-keep/FlushRequests")<FlushRequests, {
  /** The next request, in order of arrival. */
  readonly take: Effect.Effect<FlushRequest>
  /** Asks for a flush and waits for its outcome. */
  readonly request: Effect.Effect<FlushOutcome, string>
}>() {}
