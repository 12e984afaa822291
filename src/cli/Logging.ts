/** Log lines on stderr, one per event: `time level msg` and annotations, as text or JSON. */
import { Cause, HashMap, Inspectable, Layer, Logger, LogLevel } from "effect"
import type { OperationsValues } from "./OperationsFlags.ts"

const minimum: Readonly<Record<OperationsValues["logLevel"], LogLevel.LogLevel>> = {
  DEBUG: LogLevel.Debug,
  INFO: LogLevel.Info,
  WARN: LogLevel.Warning,
  ERROR: LogLevel.Error
}

const messageOf = (message: unknown): string => {
  if (Array.isArray(message)) return message.map(messageOf).join(" ")
  return message instanceof Error ? message.message : Inspectable.toStringUnknown(message, 0)
}

/** Stack traces are for debugging; everyone else gets the messages. */
const causeText = (cause: Cause.Cause<unknown>, level: LogLevel.LogLevel): string =>
  LogLevel.lessThanEqual(level, LogLevel.Debug)
    ? Cause.pretty(cause, { renderErrorCause: true })
    : Cause.prettyErrors(cause).map((error) => error.message).join("; ")

const fieldsOf = (event: Logger.Logger.Options<unknown>): ReadonlyArray<[string, unknown]> => {
  const annotations = [...HashMap.toEntries(event.annotations)].sort(([a], [b]) => a < b ? -1 : 1)
  const cause: ReadonlyArray<[string, unknown]> = Cause.isEmpty(event.cause)
    ? []
    : [["cause", causeText(event.cause, event.logLevel)]]
  return [
    ["time", event.date.toISOString()],
    ["level", event.logLevel.label],
    ["msg", messageOf(event.message)],
    ...annotations,
    ...cause
  ]
}

const quoted = (value: unknown): string => {
  const text = value instanceof Error ? value.message : Inspectable.toStringUnknown(value, 0)
  return /^[^\s"=\\\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)
}

const jsonValue = (_: string, value: unknown): unknown =>
  value instanceof Error ? value.message : typeof value === "bigint" ? Number(value) : value

export const textLine = (event: Logger.Logger.Options<unknown>): string =>
  fieldsOf(event).map(([name, value]) => `${name}=${quoted(value)}`).join(" ")

export const jsonLine = (event: Logger.Logger.Options<unknown>): string =>
  JSON.stringify(Object.fromEntries(fieldsOf(event)), jsonValue)

/** Replaces the default logger; stdout stays free for data. */
export const loggingLayer = (
  settings: Pick<OperationsValues, "logFormat" | "logLevel">
): Layer.Layer<never> => {
  const line = settings.logFormat === "json" ? jsonLine : textLine
  return Layer.merge(
    Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.make(line))),
    Logger.minimumLogLevel(minimum[settings.logLevel])
  )
}
