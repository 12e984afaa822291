/** OpenTelemetry's own environment variables, as its specifications of exporters and SDKs name them. */
import { Config, Effect } from "effect"
import type { Signal, SignalSettings, TelemetrySettings } from "../../services/Telemetry.ts"
import { signals } from "../../services/Telemetry.ts"
import { samplerOf } from "./TelemetrySampler.ts"
import type { Variables } from "./TelemetryVariables.ts"
import { makeVariables } from "./TelemetryVariables.ts"
import { version } from "./Version.ts"

const defaultName = "kafka-data-keep"

/** Batching by signal; the defaults are the specification's, and so is a queue's size in items. */
const batching: Readonly<
  Record<Signal, readonly [interval: string, defaultMs: number, processor: string | undefined]>
> = {
  traces: ["OTEL_BSP_SCHEDULE_DELAY", 5_000, "OTEL_BSP"],
  metrics: ["OTEL_METRIC_EXPORT_INTERVAL", 60_000, undefined],
  logs: ["OTEL_BLRP_SCHEDULE_DELAY", 1_000, "OTEL_BLRP"]
}

/** What nothing here does: its variables are named when they are set to anything but this. */
const unsupported: ReadonlyArray<readonly [name: string, accepted: string]> = [
  ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "cumulative"],
  ["OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "explicit_bucket_histogram"],
  ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", ""],
  ["OTEL_ATTRIBUTE_COUNT_LIMIT", ""],
  ["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", ""],
  ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", ""],
  ["OTEL_SPAN_EVENT_COUNT_LIMIT", ""],
  ["OTEL_SPAN_LINK_COUNT_LIMIT", ""],
  ["OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", ""],
  ["OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", ""],
  ["OTEL_CONFIG_FILE", ""]
]

/** The endpoint of one signal as it is, or below the endpoint of all. */
const urlOf = (variables: Variables, signal: Signal): URL | undefined => {
  const own = variables.url(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`)
  if (own !== undefined) return own
  const base = variables.url("OTEL_EXPORTER_OTLP_ENDPOINT")
  if (base === undefined) return undefined
  base.pathname = `${base.pathname.replace(/\/+$/, "")}/v1/${signal}`
  return base
}

/** Items and time of the batches of one signal. */
const batchesOf = (variables: Variables, signal: Signal) => {
  const [interval, defaultMs, processor] = batching[signal]
  const intervalMs = variables.integer(interval, defaultMs, 1)
  // Readings of the metrics add up: only the newest counts.
  if (processor === undefined) {
    const limitMs = variables.integer("OTEL_METRIC_EXPORT_TIMEOUT", 30_000, 0)
    return { intervalMs, batchSize: 1, waitingBatches: 1, limitMs }
  }
  const batchSize = variables.integer(`${processor}_MAX_EXPORT_BATCH_SIZE`, 512, 1)
  const queueSize = variables.integer(`${processor}_MAX_QUEUE_SIZE`, 2_048, 1)
  const limitMs = variables.integer(`${processor}_EXPORT_TIMEOUT`, 30_000, 0)
  return {
    intervalMs,
    batchSize,
    waitingBatches: Math.max(1, Math.floor(queueSize / batchSize)),
    limitMs
  }
}

/** The shorter one; 0 is none. */
const shorter = (a: number, b: number): number => a === 0 ? b : b === 0 ? a : Math.min(a, b)

const signalOf = (variables: Variables, signal: Signal): SignalSettings | undefined => {
  const exporter = `OTEL_${signal.toUpperCase()}_EXPORTER`
  if (variables.choice(exporter, ["otlp", "none"], "otlp") === "none") return undefined
  const url = urlOf(variables, signal)
  if (url === undefined) return undefined
  const own = (option: string): string => {
    const name = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${option}`
    return variables.text(name) === "" ? `OTEL_EXPORTER_OTLP_${option}` : name
  }
  const path = (option: string) => variables.file(own(option))
  const { limitMs, ...batches } = batchesOf(variables, signal)
  return {
    url,
    protocol: variables.choice(
      own("PROTOCOL"),
      ["http/protobuf", "http/json"],
      "http/protobuf",
      (value) =>
        value === "grpc"
          ? "gRPC is not supported, http/protobuf is used: the endpoint must be the collector's HTTP port, mostly 4318"
          : undefined
    ),
    headers: variables.headers(own("HEADERS")),
    timeoutMs: shorter(variables.integer(own("TIMEOUT"), 10_000, 0), limitMs),
    compression: variables.choice(own("COMPRESSION"), ["none", "gzip"], "none"),
    certificate: path("CERTIFICATE"),
    clientCertificate: path("CLIENT_CERTIFICATE"),
    clientKey: path("CLIENT_KEY"),
    ...batches
  }
}

/** The settings that variables of these values ask for. */
export const telemetryFrom = (values: ReadonlyMap<string, string>): TelemetrySettings => {
  const variables = makeVariables(values)
  const disabled = variables.choice("OTEL_SDK_DISABLED", ["true", "false"], "false") === "true"
  const wanted = disabled
    ? { traces: undefined, metrics: undefined, logs: undefined }
    : {
      traces: signalOf(variables, "traces"),
      metrics: signalOf(variables, "metrics"),
      logs: signalOf(variables, "logs")
    }
  const sampler = samplerOf(variables)
  const {
    "service.name": name = "",
    "service.version": release = "",
    ...attributes
  } = variables.pairs("OTEL_RESOURCE_ATTRIBUTES")
  for (const [variable, accepted] of unsupported) variables.expect(variable, accepted)
  const endpoints = [...values.keys()].some((variable) => variable.endsWith("_ENDPOINT"))
  return {
    signals: wanted,
    sampler,
    serviceName: variables.text("OTEL_SERVICE_NAME") || name || defaultName,
    serviceVersion: release || version,
    attributes,
    // Without an endpoint there is no telemetry, and nothing to be said about it.
    problems: endpoints && !disabled ? variables.problems() : []
  }
}

/**
 * The same for a worker. An instance that has a name must not be that of several: their metrics
 * would be one series. What is wrong with the variables has been said by the main thread.
 */
export const telemetryOfWorker = (
  settings: TelemetrySettings,
  worker: number
): TelemetrySettings => {
  const { "service.instance.id": instance, ...attributes } = settings.attributes
  return {
    ...settings,
    attributes: instance === undefined
      ? attributes
      : { ...attributes, "service.instance.id": `${instance}-worker-${worker}` },
    problems: []
  }
}

const ofSignals = ["ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION", "CERTIFICATE"]
  .concat(["CLIENT_CERTIFICATE", "CLIENT_KEY"])
  .flatMap((option) =>
    ["", ...signals.map((signal) => `${signal.toUpperCase()}_`)]
      .map((signal) => `OTEL_EXPORTER_OTLP_${signal}${option}`)
  )

const ofProcessors = ["OTEL_BSP", "OTEL_BLRP"].flatMap((processor) =>
  ["SCHEDULE_DELAY", "MAX_EXPORT_BATCH_SIZE", "MAX_QUEUE_SIZE", "EXPORT_TIMEOUT"]
    .map((option) => `${processor}_${option}`)
)

/** Every variable that is honoured. */
export const telemetryVariables: ReadonlyArray<string> = [
  "OTEL_SDK_DISABLED",
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
  ...signals.map((signal) => `OTEL_${signal.toUpperCase()}_EXPORTER`),
  ...ofSignals,
  ...ofProcessors,
  "OTEL_METRIC_EXPORT_INTERVAL",
  "OTEL_METRIC_EXPORT_TIMEOUT",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG"
]

const valueOf = (name: string) =>
  Config.string(name).pipe(
    Effect.map((value) => value.trim()),
    Effect.orElseSucceed(() => ""),
    Effect.map((value): readonly [string, string] => [name, value])
  )

/** What the environment asks for. An empty variable is as good as none. */
export const telemetrySettings: Effect.Effect<TelemetrySettings> = Effect.map(
  Effect.forEach([...telemetryVariables, ...unsupported.map(([name]) => name)], valueOf),
  (values) => telemetryFrom(new Map(values.filter(([, value]) => value !== "")))
)
