/** Data for stdout. */
import { Effect } from "effect"

/** Returns when all of it is with whoever reads, so that the program may exit. */
export const writeOut = (text: string): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    process.stdout.write(text, () => resume(Effect.void))
  })
