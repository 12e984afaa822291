/** Chooses which spans are sent, and keeps the traces of a long run apart. */
import { Option, Tracer } from "effect"
import type { Sampler } from "./Telemetry.ts"

/** The random part of a trace id in W3C Trace Context level 2: its last 56 bits. */
const randomBits = 56

/**
 * Whether a trace is among those chosen: the algorithm of OpenTelemetry's consistent probability
 * sampling, so that all who see a trace choose alike.
 */
export const isChosen = (traceId: string, ratio: number): boolean => {
  const random = Number.parseInt(traceId.slice(-randomBits / 4), 16) / 2 ** randomBits
  return ratio > 0 && random >= 1 - ratio
}

/**
 * Spans of `inner`, those left out by the sampler with ids but never sent. A span directly under
 * the one of the whole run begins a trace of its own and links to the run: a backup runs for
 * months, and a trace does not.
 */
export const tracerOf = (inner: Tracer.Tracer, sampler: Sampler, run: string): Tracer.Tracer => {
  const isRun = (span: Tracer.AnySpan): boolean =>
    span._tag === "Span" && span.name === run && Option.isNone(span.parent)

  return Tracer.make({
    span: (name, given, context, links, startTime, kind, options) => {
      const above = Option.filter(given, isRun)
      const parent = Option.isSome(above) ? Option.none<Tracer.AnySpan>() : given
      const toRun = Option.toArray(above).map((span): Tracer.SpanLink => ({
        _tag: "SpanLink",
        span,
        attributes: {}
      }))
      const span = inner.span(name, parent, context, [...links, ...toRun], startTime, kind, options)
      const sampled = Option.isSome(parent) && sampler.parentBased
        ? parent.value.sampled
        : isChosen(span.traceId, sampler.ratio)
      return sampled ? span : Object.assign(span, { sampled, end: () => {} })
    },
    context: (f, fiber) => inner.context(f, fiber)
  })
}
