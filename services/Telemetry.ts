/** Where traces go. `TelemetryLayer.ts` sends them. */
export interface TelemetrySettings {
  /** Where traces are posted to; `undefined`: no telemetry at all. */
  readonly tracesUrl: string | undefined
  readonly serviceName: string
  readonly serviceVersion: string
  /** Sent with every request, for collectors that want a key. */
  readonly headers: Readonly<Record<string, string>>
}
