import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { given } from "./TestProgram.ts"

describe("where a value comes from", () => {
  it.effect("the flag, else the variable, else the default", () =>
    Effect.gen(function*() {
      const env = { MIN_FILE_SIZE: "2", KAFKA_GROUP_ID: "from-env" }
      assert.strictEqual((yield* given([])).own.size, 5_242_880)
      assert.strictEqual((yield* given([], env)).own.size, 2)
      const both = yield* given(["--min-file-size", "3"], env)
      assert.strictEqual(both.own.size, 3)
      assert.strictEqual(both.own.group, "from-env")
    }))

  it.effect("a variable that is set but empty is an empty value, not the default", () =>
    Effect.gen(function*() {
      const settings = yield* given([], { AWS_REGION: "", KGO_LOG_LEVEL: "debug" })
      assert.deepStrictEqual(settings.store, { kind: "s3", bucket: "b", region: "", endpoint: "" })
      assert.strictEqual(settings.kafka.logLevel, "debug")
    }))

  it.effect("variables keep their commas", () =>
    Effect.gen(function*() {
      const { kafka } = yield* given([], { KAFKA_BROKERS: "a:1, b:2 ,c" })
      assert.deepStrictEqual(kafka.brokers, ["a:1", "b:2", "c:9092"])
    }))

  it.effect("an option named like one of @effect/cli's own, in every position", () =>
    Effect.gen(function*() {
      for (const args of [["--log-level", "debug", "-once"], ["-once", "--log-level=debug"]]) {
        assert.strictEqual((yield* given(args)).operations.logLevel, "DEBUG")
      }
      assert.strictEqual((yield* given([], { LOG_LEVEL: "warn" })).operations.logLevel, "WARN")
    }))
})

describe("what a value means", () => {
  it.effect("durations, booleans, choices", () =>
    Effect.gen(function*() {
      const { own } = yield* given(["-max-file-age", "1h30m", "-once", "--codec=NONE"], {
        IDLE: "500ms"
      })
      assert.deepStrictEqual(
        [own.age, own.idle, own.once, own.codec],
        [5_400_000, 500, true, "none"]
      )
      assert.strictEqual((yield* given(["-max-file-age", "0"])).own.age, 0)
      assert.isFalse((yield* given(["-once=F"], { ONCE: "TRUE" })).own.once)
      assert.isTrue((yield* given([], { ONCE: "t" })).own.once)
    }))

  it.effect("regexes match anywhere unless anchored, and keep their order", () =>
    Effect.gen(function*() {
      const { own } = yield* given([
        "-topics-regex",
        " ^pay , ord$ ",
        "-exclude-topics-regex",
        "dlq"
      ])
      const matches = (name: string) => own.topics.map((topic) => topic(name))
      assert.deepStrictEqual(matches("payments"), [true, false])
      assert.deepStrictEqual(matches("my-ord"), [false, true])
      assert.deepStrictEqual(matches("orders-pay"), [false, false])
      assert.deepStrictEqual([own.exclude("a-dlq-1"), own.exclude("a")], [true, false])
      assert.isFalse((yield* given([])).own.exclude("anything"))
    }))

  it.effect("the archive: a bucket, or a directory in its place", () =>
    Effect.gen(function*() {
      const directory = yield* given(["--store", "file:///tmp/my%20archive"])
      assert.deepStrictEqual(directory.store, { kind: "directory", directory: "/tmp/my archive" })
      const minio = yield* given(["-s3-endpoint", "http://localhost:9000"])
      assert.deepStrictEqual(minio.store, {
        kind: "s3",
        bucket: "b",
        region: "eu-west-1",
        endpoint: "http://localhost:9000"
      })
    }))
})
