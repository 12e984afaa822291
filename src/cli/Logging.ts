/** Log lines on stderr, one per event: `time level msg` and annotations, as text or JSON. */
import {
  Cause,
  Context,
  FiberRef,
  FiberRefs,
  HashMap,
  Inspectable,
  Layer,
  Logger,
  LogLevel,
  Option,
  Tracer
} from "effect"
import type { ReadingValues } from "./OperationsFlags.ts"

const minimum: Readonly<Record<ReadingValues["logLevel"], LogLevel.LogLevel>> = {
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

type Fields = ReadonlyArray<readonly [string, unknown]>

const attributesOf = (event: Logger.Logger.Options<unknown>): Fields => {
  const annotations = [...HashMap.toEntries(event.annotations)].sort(([a], [b]) => a < b ? -1 : 1)
  return Cause.isEmpty(event.cause)
    ? annotations
    : [...annotations, ["cause", causeText(event.cause, event.logLevel)]]
}

const fieldsOf = (event: Logger.Logger.Options<unknown>): Fields => [
  ["time", event.date.toISOString()],
  ["level", event.logLevel.label],
  ["msg", messageOf(event.message)],
  ...attributesOf(event)
]

/** Named as OpenTelemetry names them in log formats other than its own. */
const spanFields = (event: Logger.Logger.Options<unknown>): Fields => {
  const context = FiberRefs.getOrDefault(event.context, FiberRef.currentContext)
  return Option.match(Context.getOption(context, Tracer.ParentSpan), {
    onNone: () => [],
    onSome: ({ spanId, traceId }) => [["trace_id", traceId], ["span_id", spanId]]
  })
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
  JSON.stringify(Object.fromEntries([...fieldsOf(event), ...spanFields(event)]), jsonValue)

/** The event with the texts that its line has, for those who send it elsewhere. */
export const shownEvent = (
  event: Logger.Logger.Options<unknown>
): Logger.Logger.Options<unknown> => ({
  ...event,
  message: messageOf(event.message),
  annotations: HashMap.fromIterable(
    attributesOf(event).map(([name, value]) => [
      name,
      value instanceof Error ? value.message : value
    ])
  ),
  cause: Cause.empty
})

/** Replaces the default logger; stdout stays free for data. `write`: where else lines go to. */
export const loggingLayer = (
  settings: ReadingValues,
  write?: (line: string) => void
): Layer.Layer<never> => {
  const line = settings.logFormat === "json" ? jsonLine : textLine
  const logger = Logger.make(line)
  return Layer.merge(
    Logger.replace(
      Logger.defaultLogger,
      write === undefined ? Logger.withConsoleError(logger) : Logger.map(logger, write)
    ),
    Logger.minimumLogLevel(minimum[settings.logLevel])
  )
}
