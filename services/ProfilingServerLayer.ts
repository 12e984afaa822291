/** Serves profiles under `/debug/pprof/`, as Go's `net/http/pprof` does, on 127.0.0.1 only. */
import { Deferred, Effect, Either, Layer } from "effect"
import type { HttpAnswer, HttpRequest } from "./HttpListener.ts"
import { HttpListener } from "./HttpListener.ts"
import type { ProfilingError } from "./Profiling.ts"
import { Profiling } from "./Profiling.ts"
import type { Endpoint } from "./ProfilingPages.ts"
import { commandLinePage, indexPage, symbolPage } from "./ProfilingPages.ts"

const host = "127.0.0.1"
const path = "/debug/pprof/"

interface Route extends Endpoint {
  readonly methods: ReadonlyArray<string>
  readonly answer: (request: HttpRequest) => Effect.Effect<HttpAnswer, ProfilingError>
}

const file = (name: string, type: string) => (body: string | Uint8Array): HttpAnswer => ({
  status: 200,
  body,
  headers: {
    "content-type": type,
    "content-disposition": `attachment; filename="${name}"`,
    "x-content-type-options": "nosniff"
  }
})

const profileFile = (name: string) => file(name, "application/octet-stream")

interface Seconds {
  readonly usual: number
  readonly most: number
}

const profileSeconds: Seconds = { usual: 30, most: 600 }
/** The events of a trace are held in memory until its end. */
const traceSeconds: Seconds = { usual: 1, most: 60 }

const secondsOf = (
  { query }: HttpRequest,
  { most, usual }: Seconds
): Either.Either<number, HttpAnswer> => {
  const text = query.get("seconds")
  const seconds = text === null ? usual : /^\d{1,4}$/.test(text) ? Number(text) : 0
  return seconds >= 1 && seconds <= most
    ? Either.right(seconds)
    : Either.left({ status: 400, body: `seconds has to be a whole number from 1 to ${most}\n` })
}

/** An endpoint that measures for a while. */
const during = (
  limits: Seconds,
  measure: (seconds: number) => Effect.Effect<HttpAnswer, ProfilingError>
): Route["answer"] =>
(request) => Either.match(secondsOf(request, limits), { onLeft: Effect.succeed, onRight: measure })

const routesOf = (
  profiling: typeof Profiling.Service,
  commandLine: ReadonlyArray<string>
): ReadonlyArray<Route> => [
  {
    name: "profile",
    summary: "CPU profile of the next ?seconds=30",
    methods: ["GET"],
    answer: during(
      profileSeconds,
      (seconds) => Effect.map(profiling.cpu(seconds), profileFile("profile"))
    )
  },
  {
    name: "heap",
    summary: "what is alive on the heap, by sampling; ?gc=1 collects garbage first",
    methods: ["GET"],
    answer: ({ query }) =>
      Effect.map(
        profiling.heap({ collect: Number(query.get("gc") ?? "0") > 0 }),
        profileFile("heap")
      )
  },
  {
    name: "trace",
    summary: "events of the next ?seconds=1 for Perfetto or chrome://tracing",
    methods: ["GET"],
    answer: during(
      traceSeconds,
      (seconds) => Effect.map(profiling.trace(seconds), file("trace.json", "application/json"))
    )
  },
  {
    name: "cmdline",
    summary: "the command line, without its secrets",
    methods: ["GET", "HEAD"],
    answer: () => Effect.succeed({ status: 200, body: commandLinePage(commandLine) })
  },
  {
    name: "symbol",
    summary: "for go tool pprof; profiles carry their names",
    methods: ["GET", "HEAD", "POST"],
    answer: () => Effect.succeed({ status: 200, body: symbolPage })
  }
]

const index = (routes: ReadonlyArray<Route>, port: Effect.Effect<number>): Route => ({
  name: "",
  summary: "",
  methods: ["GET", "HEAD"],
  answer: () =>
    Effect.map(port, (own) => ({
      status: 200,
      body: indexPage(routes, `${host}:${own}`),
      headers: { "content-type": "text/html; charset=utf-8" }
    }))
})

const missing: HttpAnswer = { status: 404, body: `there is no such profile, see ${path}\n` }

const refused = ({ methods, name }: Route, method: string): HttpAnswer => ({
  status: 405,
  body: `${path}${name} does not take ${method}\n`,
  headers: { allow: methods.join(", ") }
})

const failed = (error: ProfilingError): HttpAnswer => ({
  status: error.reason === "Busy" ? 409 : 500,
  body: `${error.message}\n`
})

/** A port that cannot be had is a warning only: two commands may share a host. */
export const ProfilingServerLayer = (settings: {
  readonly port: number
  /** The whole one of this process. */
  readonly commandLine: ReadonlyArray<string>
}): Layer.Layer<never, never, HttpListener | Profiling> =>
  Layer.scopedDiscard(
    Effect.gen(function*() {
      const listener = yield* HttpListener
      const routes = routesOf(yield* Profiling, settings.commandLine)
      const taken = yield* Deferred.make<number>()
      const start = index(routes, Deferred.await(taken))
      const places = new Map<string, Route>([
        [path, start],
        [path.slice(0, -1), start],
        ...routes.map((route) => [`${path}${route.name}`, route] as const)
      ])
      const port = yield* listener.listen({
        host,
        port: settings.port,
        handle: (request) => {
          const route = places.get(request.path)
          if (route === undefined) return Effect.succeed(missing)
          return route.methods.includes(request.method)
            ? Effect.catchAll(route.answer(request), (error) => Effect.succeed(failed(error)))
            : Effect.succeed(refused(route, request.method))
        }
      })
      yield* Deferred.succeed(taken, port)
      yield* Effect.logInfo("profiles are served").pipe(Effect.annotateLogs({ host, port, path }))
    }).pipe(
      Effect.catchAll((error) =>
        Effect.logWarning("profiles are not served").pipe(
          Effect.annotateLogs("error", error.message)
        )
      )
    )
  )
