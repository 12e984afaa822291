/** Real time for what waits for real processes, also inside a test that has a clock of its own. */
import { Clock, Effect } from "effect"

/** Sleeps and timeouts inside are of the machine's clock. */
export const realTime: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect
  .withClock(Clock.make())
