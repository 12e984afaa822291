import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Layer, Stream } from "effect"
import { randomBytes } from "node:crypto"
import { bodyOfBytes } from "../../services/ObjectBody.ts"
import { ObjectStore } from "../../services/ObjectStore.ts"
import { objectStoreContract } from "../support/ObjectStoreContract.ts"
import { environment, S3Server, serverLayer, storeLayer } from "../support/S3Server.ts"

objectStoreContract(
  "object store on S3",
  storeLayer().pipe(Layer.provide(Layer.orDie(serverLayer)))
)

const check = Effect.flatMap(
  ObjectStore,
  (store) => store.check({ write: true, probeKey: "archive.meta/probe/0" })
)

layer(serverLayer, { excludeTestServices: true })("S3 that does not do as asked", (it) => {
  it.effect("names a bucket that is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(check)
      assert.strictEqual(error.reason, "NoSuchBucket")
      const put = (yield* ObjectStore).putIfAbsent("k", bodyOfBytes(randomBytes(100)), {})
      assert.strictEqual((yield* Effect.flip(put)).reason, "NoSuchBucket")
    }).pipe(Effect.provide(storeLayer({ bucket: "missing" }))))

  it.scoped("names bad credentials", () =>
    Effect.gen(function*() {
      yield* environment({ AWS_SECRET_ACCESS_KEY: "wrong" })
      const error = yield* Effect.flip(check).pipe(Effect.provide(storeLayer()))
      assert.strictEqual(error.reason, "BadCredentials")
      yield* environment({ AWS_ACCESS_KEY_ID: "nobody" })
      const other = yield* Effect.flip(check).pipe(Effect.provide(storeLayer()))
      assert.strictEqual(other.reason, "BadCredentials")
    }))

  it.effect("says that a large object exists, however often it is asked", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const body = bodyOfBytes(randomBytes(32 * 1024 * 1024))
      const pieces = {
        ...body,
        open: () => Stream.mapConcat(body.open(), (bytes) => halves(bytes))
      }
      assert.strictEqual(yield* store.putIfAbsent("large/k", pieces, {}), "created")
      for (let time = 0; time < 3; time++) {
        assert.strictEqual(yield* store.putIfAbsent("large/k", pieces, {}), "exists")
      }
    }).pipe(Effect.provide(storeLayer())))

  it.effect("says that nobody answers, soon, and works again afterwards", () =>
    Effect.gen(function*() {
      const server = yield* S3Server
      const store = yield* ObjectStore
      yield* server.stop
      const error = yield* Effect.flip(check)
      assert.strictEqual(error.reason, "Unreachable")
      const put = store.putIfAbsent("again/k", bodyOfBytes(randomBytes(100)), {})
      assert.strictEqual((yield* Effect.flip(put)).reason, "Unreachable")
      yield* server.start
      assert.strictEqual(yield* put, "created")
    }).pipe(Effect.provide(storeLayer())))

  it.effect("lets go at once of a server that is stuck", () =>
    Effect.gen(function*() {
      const server = yield* S3Server
      const store = yield* ObjectStore
      yield* store.putIfAbsent("stuck/k", bodyOfBytes(randomBytes(100)), {})
      yield* server.pause
      const stuck = [
        store.putIfAbsent("stuck/new", bodyOfBytes(randomBytes(5_000_000)), {}),
        Stream.runDrain(Stream.fromPull(store.get("stuck/k"))),
        store.head("stuck/k"),
        Stream.runDrain(store.list("stuck/"))
      ]
      const [elapsed] = yield* Effect.timed(
        Effect.forEach(stuck, (effect) => Effect.timeoutOption(effect, "300 millis"), {
          concurrency: "unbounded"
        })
      ).pipe(Effect.ensuring(server.resume))
      assert.isBelow(Duration.toMillis(elapsed), 2000)
    }).pipe(Effect.provide(storeLayer())))
})

const halves = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  bytes.byteLength <= 300_000
    ? [bytes]
    : [0, 1].flatMap((at) => {
      const middle = bytes.byteLength >> 1
      return halves(at === 0 ? bytes.subarray(0, middle) : bytes.subarray(middle))
    })
