/** Small HTTP endpoints for operators. `HttpListenerLayer.ts` implements it on Node. */
import type { Effect, Scope } from "effect"
import { Context, Schema } from "effect"

export interface HttpRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
}

export interface HttpAnswer {
  readonly status: number
  readonly body: string | Uint8Array
  /** Besides a plain-text content type, unless this names another. */
  readonly headers?: Readonly<Record<string, string>>
}

export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  reason: Schema.Literal("PortInUse", "Failed"),
  host: Schema.String,
  port: Schema.Number,
  cause: Schema.Defect
}) {
  override get message(): string {
    const detail = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `listen on ${this.host}:${this.port}: ${this.reason} (${detail})`
  }
}

export class HttpListener extends Context.Tag("kafka-data-keep/HttpListener")<HttpListener, {
  /**
   * Answers requests until the scope closes; then open connections are cut and handlers still at
   * work interrupted. So is a handler whose client goes away. Returns the port, which differs from
   * the one asked for when that is 0.
   */
  readonly listen: (options: {
    readonly host: string
    readonly port: number
    readonly handle: (request: HttpRequest) => Effect.Effect<HttpAnswer>
  }) => Effect.Effect<number, ListenError, Scope.Scope>
}>() {}
