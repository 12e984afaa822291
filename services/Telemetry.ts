/** What of traces, metrics and logs is sent to an OpenTelemetry collector. `TelemetryLayer.ts` sends it. */
import { Schema } from "effect"

export type Signal = "traces" | "metrics" | "logs"

export const signals: ReadonlyArray<Signal> = ["traces", "metrics", "logs"]

export interface SignalSettings {
  /** Posted to as it is; `http` or `https`. */
  readonly url: URL
  readonly protocol: "http/protobuf" | "http/json"
  /** Sent with every request, for collectors that want a key. */
  readonly headers: Readonly<Record<string, string>>
  /** Limit of one request; 0 for none. */
  readonly timeoutMs: number
  readonly compression: "gzip" | "none"
  /** Paths of PEM files. */
  readonly certificate: string | undefined
  readonly clientCertificate: string | undefined
  readonly clientKey: string | undefined
  /** Time between two batches, or between two readings of the metrics. */
  readonly intervalMs: number
  /** Spans or log lines in a batch; metrics are sent whole. */
  readonly batchSize: number
  /** Batches that wait for a collector that is away; beyond that the oldest goes. */
  readonly waitingBatches: number
}

/** Chooses the traces that are sent. */
export interface Sampler {
  /** Of all traces, from 0 to 1. */
  readonly ratio: number
  /** Whether a span with a parent goes where its parent goes. */
  readonly parentBased: boolean
}

/** A variable that cannot be honoured. */
export interface VariableProblem {
  readonly variable: string
  /** As it is set, without secrets. */
  readonly value: string
  readonly problem: string
}

export interface TelemetrySettings {
  /** `undefined` for a signal that is not sent. */
  readonly signals: Readonly<Record<Signal, SignalSettings | undefined>>
  readonly sampler: Sampler
  readonly serviceName: string
  readonly serviceVersion: string
  /** Of the resource, without the service's name and version. */
  readonly attributes: Readonly<Record<string, string>>
  readonly problems: ReadonlyArray<VariableProblem>
}

export class TelemetryError extends Schema.TaggedError<TelemetryError>()("TelemetryError", {
  /** `Refused` is for good, the others may pass. */
  reason: Schema.Literal("Unreachable", "Busy", "Refused"),
  detail: Schema.String,
  /** How long the collector asks to wait. */
  retryAfterMs: Schema.optional(Schema.Number)
}) {
  override get message(): string {
    return this.detail
  }
}
