import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { FlushRequests } from "../../services/FlushRequests.ts"
import { FlushRequestsLayer } from "../../services/FlushRequestsLayer.ts"

it.effect("requests are taken in order and answered one by one", () =>
  Effect.gen(function*() {
    const requests = yield* FlushRequests
    const first = yield* Effect.fork(requests.request)
    yield* Effect.yieldNow()
    const second = yield* Effect.fork(Effect.flip(requests.request))
    yield* Deferred.succeed((yield* requests.take).reply, { files: 1, committed: true })
    yield* Deferred.fail((yield* requests.take).reply, "no")
    assert.deepStrictEqual(yield* Fiber.join(first), { files: 1, committed: true })
    assert.strictEqual(yield* Fiber.join(second), "no")
  }).pipe(Effect.provide(FlushRequestsLayer(() => () => undefined))))

it.effect("a signal is a request, and the listener goes with the layer", () =>
  Effect.gen(function*() {
    const listeners = new Set<() => void>()
    const signals = (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
    yield* Effect.gen(function*() {
      for (const listener of listeners) listener()
      const requests = yield* FlushRequests
      const request = yield* requests.take
      yield* Deferred.succeed(request.reply, { files: 0, committed: true })
      assert.strictEqual(listeners.size, 1)
    }).pipe(Effect.provide(Layer.fresh(FlushRequestsLayer(signals))))
    assert.strictEqual(listeners.size, 0)
  }))
