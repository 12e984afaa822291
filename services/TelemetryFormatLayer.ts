/** OTLP bodies, corrected in what `@effect/opentelemetry` leaves to its users. */
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import { Effect, Layer } from "effect"
import { metricPrefix } from "./Metrics.ts"
import type { SignalSettings } from "./Telemetry.ts"

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Every object inside, outer ones first. */
const visit = (value: unknown, each: (inside: Record<string, unknown>) => void): void => {
  if (Array.isArray(value)) {
    for (const element of value) visit(element, each)
  } else if (isObject(value)) {
    each(value)
    for (const inside of Object.values(value)) visit(inside, each)
  }
}

/** The protobuf encoder breaks on negative numbers: int64 is the varint of their two's complement. */
const withoutSign = (inside: Record<string, unknown>): void => {
  const { intValue } = inside
  if (typeof intValue === "number" && intValue < 0) {
    inside["intValue"] = BigInt.asUintN(64, BigInt(intValue))
  }
}

/**
 * By UCUM, as OpenTelemetry wants it. A unit that the name ends with already adds nothing to the
 * name in Prometheus; the default of `1` would make `_ratio` of every gauge.
 */
const unitOf = (name: string): string => {
  const words = name.replace(/_total$/, "")
  return words.endsWith("_seconds") ? "s" : words.endsWith("_bytes") ? "By" : ""
}

const isOurs = (metric: unknown): boolean =>
  isObject(metric) && String(metric["name"]).startsWith(metricPrefix)

/** Keeps what the metrics endpoint shows too, under the same names. */
const ownMetrics = (inside: Record<string, unknown>): void => {
  const { metrics } = inside
  if (!Array.isArray(metrics)) return
  const ours = metrics.filter(isOurs)
  for (const metric of ours) if (isObject(metric)) metric["unit"] = unitOf(String(metric["name"]))
  inside["metrics"] = ours
}

/** The exporters add these: a number inside Effect, and to every failed span that it was interrupted. */
const unwanted: ReadonlySet<unknown> = new Set(["fiberId", "span.label", "status.interrupted"])

const wantedAttributes = (inside: Record<string, unknown>): void => {
  const { attributes } = inside
  if (!Array.isArray(attributes)) return
  inside["attributes"] = attributes.filter((pair) => !isObject(pair) || !unwanted.has(pair["key"]))
}

/** The serialisation of that protocol. */
export const TelemetryFormatLayer = (
  protocol: SignalSettings["protocol"]
): Layer.Layer<OtlpSerialization.OtlpSerialization> => {
  const json = protocol === "http/json"
  const corrected = (data: unknown): unknown => {
    visit(data, (inside) => {
      wantedAttributes(inside)
      ownMetrics(inside)
      if (!json) withoutSign(inside)
    })
    return data
  }
  return Layer.effect(
    OtlpSerialization.OtlpSerialization,
    Effect.map(OtlpSerialization.OtlpSerialization, (plain) => ({
      traces: (data: unknown) => plain.traces(corrected(data)),
      metrics: (data: unknown) => plain.metrics(corrected(data)),
      logs: (data: unknown) => plain.logs(corrected(data))
    }))
  ).pipe(Layer.provide(json ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf))
}
