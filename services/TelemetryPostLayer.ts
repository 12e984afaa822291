/** One POST to a collector, over Node's own HTTP client. */
import { Effect } from "effect"
import { readFile } from "node:fs/promises"
import type { IncomingMessage } from "node:http"
import http from "node:http"
import https from "node:https"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import type { SignalSettings } from "./Telemetry.ts"
import { TelemetryError } from "./Telemetry.ts"

export interface Batch {
  readonly body: Uint8Array
  readonly contentType: string
}

export type Post = (batch: Batch) => Effect.Effect<void, TelemetryError>

const compressed = promisify(gzip)

/** No collector may ask for a longer pause. */
const longestPauseMs = 60_000

const detailOf = (cause: unknown): string =>
  cause instanceof AggregateError && cause.errors.length > 0
    ? detailOf(cause.errors[0])
    : cause instanceof Error && cause.message !== ""
    ? cause.message
    : String(cause)

const unreachable = (cause: unknown) =>
  new TelemetryError({ reason: "Unreachable", detail: detailOf(cause) })

/** Statuses to try again after: those of the OTLP specification, "OTLP/HTTP Response". */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504])

const answered = ({ headers, statusCode = 0 }: IncomingMessage) => {
  if (statusCode >= 200 && statusCode < 300) return Effect.void
  const seconds = Number(headers["retry-after"] ?? Number.NaN)
  return Effect.fail(
    new TelemetryError({
      reason: passing.has(statusCode) ? "Busy" : "Refused",
      detail: `the collector answers ${statusCode}`,
      retryAfterMs: seconds > 0 ? Math.min(seconds * 1000, longestPauseMs) : undefined
    })
  )
}

/** Files are read anew for each connection, so renewed certificates need no restart. */
const tlsOf = async (settings: SignalSettings) => {
  const read = (file: string | undefined) => file === undefined ? undefined : readFile(file)
  const [ca, cert, key] = await Promise.all([
    read(settings.certificate),
    read(settings.clientCertificate),
    read(settings.clientKey)
  ])
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key })
  }
}

const exchange = (
  { headers, url }: SignalSettings,
  options: https.RequestOptions,
  body: Uint8Array
): Effect.Effect<void, TelemetryError> =>
  Effect.async((resume) => {
    const secure = url.protocol === "https:"
    const request = (secure ? https : http).request(url, {
      ...options,
      method: "POST",
      headers: { ...options.headers, ...headers, "content-length": body.length },
      // A connection kept open would be closed by most collectors before the next batch.
      agent: false
    }, (response) => {
      response.on("end", () => resume(answered(response)))
      response.on("error", (cause) => resume(Effect.fail(unreachable(cause))))
      response.resume()
    })
    request.on("error", (cause) => resume(Effect.fail(unreachable(cause))))
    request.end(body)
    return Effect.sync(() => request.destroy())
  })

/** Fails after the time the settings give it; a defect of a request fails it too. */
export const makePost =
  (settings: SignalSettings, userAgent: string): Post => ({ body, contentType }) => {
    const gzipped = settings.compression === "gzip"
    const headers = {
      "user-agent": userAgent,
      "content-type": contentType,
      ...(gzipped ? { "content-encoding": "gzip" } : {})
    }
    const sent = Effect.tryPromise({
      try: async () => ({
        tls: await tlsOf(settings),
        bytes: gzipped ? await compressed(body) : body
      }),
      catch: unreachable
    }).pipe(
      Effect.flatMap(({ bytes, tls }) => exchange(settings, { ...tls, headers }, bytes)),
      Effect.catchAllDefect((cause) => Effect.fail(unreachable(cause)))
    )
    return settings.timeoutMs === 0 ? sent : Effect.timeoutFail(sent, {
      duration: settings.timeoutMs,
      onTimeout: () => unreachable(`no answer within ${settings.timeoutMs} ms`)
    })
  }
