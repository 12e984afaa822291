/** Time that runs faster, for tests that wait for many timers of programs that run as they are. */
import { Clock, Duration, Effect } from "effect"

const real = Clock.make()
const began = real.unsafeCurrentTimeMillis()

const clockOf = (factor: number): Clock.Clock => {
  const millis = () => began + (real.unsafeCurrentTimeMillis() - began) * factor
  const nanos = () => BigInt(Math.round(millis())) * 1_000_000n
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    currentTimeMillis: Effect.sync(millis),
    unsafeCurrentTimeNanos: nanos,
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) => real.sleep(Duration.millis(Duration.toMillis(duration) / factor))
  }
}

/** Every sleep and timeout of the effect, and of the fibers that it starts, ends so much sooner. */
export const faster = (factor: number) => Effect.withClock(clockOf(factor))
