/** The exit codes: 0 done or stopped cleanly, 1 failed, 2 wrong usage. */
import * as ValidationError from "@effect/cli/ValidationError"
import type { Runtime } from "@effect/platform"
import { Cause, Exit, Option } from "effect"
import { UsageError } from "./UsageError.ts"

export const ExitCode = { ok: 0, failure: 1, usage: 2 } as const

const isUsage = (error: unknown): boolean =>
  error instanceof UsageError || ValidationError.isValidationError(error)

/** A signal interrupts the program and lets it finish: that is a clean stop. */
export const exitCode = (exit: Exit.Exit<unknown, unknown>): number => {
  if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) return ExitCode.ok
  return Option.exists(Cause.failureOption(exit.cause), isUsage) ? ExitCode.usage : ExitCode.failure
}

export const teardown: Runtime.Teardown = (exit, onExit) => onExit(exitCode(exit))
