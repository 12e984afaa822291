import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Metric, Option, Ref, Scope } from "effect"
import { FlushRequests } from "../../services/FlushRequests.ts"
import type { FlushOutcome } from "../../services/FlushRequests.ts"
import { FlushServerLayer } from "../../services/FlushServerLayer.ts"
import { HttpListener } from "../../services/HttpListener.ts"
import { HttpListenerLayer } from "../../services/HttpListenerLayer.ts"
import { commits } from "../../services/Metrics.ts"
import { MetricsServerLayer } from "../../services/MetricsServerLayer.ts"
import * as FlushRequestsMemory from "../support/FlushRequestsMemory.ts"

/** Starts a server layer on a free port and answers the port that it took. */
const started = <R>(server: Layer.Layer<never, never, HttpListener | R>) =>
  Effect.gen(function*() {
    const port = yield* Ref.make(0)
    const real = yield* HttpListener
    const listener = Layer.succeed(HttpListener, {
      listen: (options) => Effect.tap(real.listen(options), (taken) => Ref.set(port, taken))
    })
    yield* Layer.build(Layer.provide(server, listener))
    return yield* Ref.get(port)
  })

const ask = (port: number, path: string, method = "GET") =>
  Effect.promise(async () => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method })
    return { status: response.status, body: await response.text(), headers: response.headers }
  })

it.scopedLive("serves the metrics, and nothing else", () =>
  Effect.gen(function*() {
    const port = yield* started(MetricsServerLayer({ port: 0 }))
    yield* Metric.increment(commits)
    const scrape = yield* ask(port, "/__/metrics?x=1")
    assert.strictEqual(
      scrape.headers.get("content-type"),
      "text/plain; version=0.0.4; charset=utf-8"
    )
    assert.match(scrape.body, /^kafka_data_keep_commits_total [1-9]/m)
    assert.strictEqual((yield* ask(port, "/")).status, 404)
    assert.strictEqual((yield* ask(port, "/__/metrics", "DELETE")).status, 405)
  }).pipe(Effect.provide(HttpListenerLayer)))

it.scopedLive("a port in use is no failure", () =>
  Effect.gen(function*() {
    const port = yield* started(MetricsServerLayer({ port: 0 }))
    const error = yield* Effect.flip(
      Effect.flatMap(HttpListener, (listener) =>
        listener.listen({ host: "0.0.0.0", port, handle: () => Effect.never }))
    )
    assert.strictEqual(error.reason, "PortInUse")
    assert.strictEqual(yield* started(MetricsServerLayer({ port })), 0)
  }).pipe(Effect.provide(HttpListenerLayer)))

it.live("the end of the scope cuts what is still open", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const listener = yield* HttpListener
    const port = yield* Scope.extend(
      listener.listen({ host: "127.0.0.1", port: 0, handle: () => Effect.never }),
      scope
    )
    const hanging = fetch(`http://127.0.0.1:${port}/`).then(() => "answered", () => "cut")
    yield* Effect.sleep("50 millis")
    yield* Effect.timeout(Scope.close(scope, Exit.void), "2 seconds")
    assert.strictEqual(yield* Effect.promise(() => hanging), "cut")
  }).pipe(Effect.provide(HttpListenerLayer)))

const replies: ReadonlyArray<
  readonly [reply: Exit.Exit<FlushOutcome, string>, status: number, body: string]
> = [
  [Exit.succeed({ files: 3, committed: true }), 200, "Flushed\n"],
  [Exit.succeed({ files: 3, committed: false }), 500, "uploaded 3 files, commit pending\n"],
  [Exit.fail("the store is away"), 500, "the store is away\n"]
]

it.scopedLive("a POST asks for a flush and waits for its outcome", () =>
  Effect.gen(function*() {
    const port = yield* started(FlushServerLayer({ port: 0 }))
    const requests = yield* FlushRequests
    for (const [reply, status, body] of replies) {
      const asked = yield* Effect.fork(ask(port, "/__/flush", "POST"))
      const request = yield* requests.take
      assert.isTrue(Option.isNone(yield* Fiber.poll(asked)))
      yield* Deferred.done(request.reply, reply)
      const answer = yield* Fiber.join(asked)
      assert.deepStrictEqual([answer.status, answer.body], [status, body])
    }
    const wrong = yield* ask(port, "/__/flush")
    assert.deepStrictEqual([wrong.status, wrong.headers.get("allow")], [405, "POST"])
    assert.strictEqual((yield* ask(port, "/__/flushed", "POST")).status, 404)
  }).pipe(Effect.provide([HttpListenerLayer, FlushRequestsMemory.layer])))
