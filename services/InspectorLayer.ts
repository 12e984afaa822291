/** Sessions with V8's inspector inside this process; no port is opened. */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { Session } from "node:inspector/promises"
import { ProfilingError } from "./Profiling.ts"

export interface Inspector {
  readonly session: Session
  /** Runs a command on the session. */
  readonly ask: <A>(command: (session: Session) => Promise<A>) => Effect.Effect<A, ProfilingError>
}

/** The end of the scope ends the session, and with it every measurement that the session began. */
export const inspector = (
  operation: string
): Effect.Effect<Inspector, ProfilingError, Scope.Scope> => {
  const attempt = <A>(f: () => Promise<A>) =>
    Effect.tryPromise({
      try: f,
      catch: (cause) => new ProfilingError({ reason: "Failed", operation, cause })
    })
  return Effect.map(
    Effect.acquireRelease(
      attempt(async () => {
        // Loaded by those who profile only.
        const { Session } = await import("node:inspector/promises")
        const session = new Session()
        session.connect()
        return session
      }),
      (session) => Effect.sync(() => session.disconnect())
    ),
    (session) => ({ session, ask: (command) => attempt(() => command(session)) })
  )
}
