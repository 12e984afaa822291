/** Runs a development script: its error is one line on stderr and exit code 1. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Effect } from "effect"

const report = (cause: Cause.Cause<unknown>): void => {
  if (Cause.isInterruptedOnly(cause)) return
  const failure = Cause.squash(cause)
  const text = failure instanceof Error ? failure.message : String(failure)
  const details = Cause.isDie(cause) ? `\n${Cause.pretty(cause)}` : ""
  process.stderr.write(`${text}${details}\n`)
}

export const runScript = <A, E>(script: Effect.Effect<A, E>): void =>
  script.pipe(
    Effect.tapErrorCause((cause) => Effect.sync(() => report(cause))),
    NodeRuntime.runMain({ disableErrorReporting: true })
  )
