/** Waiting for fibers that only compute something. */
import { Effect, Fiber } from "effect"

/**
 * What the fiber comes to. Leaves its FiberRefs alone: `Fiber.join` compares and takes over all of
 * them, which costs more than what a fiber does for a small batch.
 */
export const outcomeOf = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
  Effect.flatten(Fiber.await(fiber))
