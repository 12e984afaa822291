import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import type { SignalSettings } from "../../services/Telemetry.ts"
import { signals } from "../../services/Telemetry.ts"
import {
  telemetryFrom,
  telemetryOfWorker,
  telemetrySettings,
  telemetryVariables
} from "../../src/cli/Telemetry.ts"

type Env = Readonly<Record<string, string>>

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }

const from = (env: Env) => telemetryFrom(new Map(Object.entries({ ...endpoint, ...env })))

const traces = (env: Env): Partial<SignalSettings> => ({ ...from(env).signals.traces })

const urls = (env: Env) => {
  const settings = telemetryFrom(new Map(Object.entries(env))).signals
  return signals.map((signal) => settings[signal]?.url.href)
}

/** The variables that are warned about, with the values shown. */
const warned = (env: Env) => from(env).problems.map(({ value, variable }) => `${variable}=${value}`)

describe("where to", () => {
  it("nowhere without an endpoint, and when the SDK is disabled", () => {
    assert.deepStrictEqual(urls({}), [undefined, undefined, undefined])
    assert.deepStrictEqual(telemetryFrom(new Map([["OTEL_BSP_SCHEDULE_DELAY", "x"]])).problems, [])
    assert.deepStrictEqual(urls({ ...endpoint, OTEL_SDK_DISABLED: "TRUE" }), [
      undefined,
      undefined,
      undefined
    ])
    assert.deepStrictEqual(warned({ OTEL_SDK_DISABLED: "yes" }), ["OTEL_SDK_DISABLED=yes"])
  })

  it("below the endpoint of all, or to the one of the signal as it is", () => {
    assert.deepStrictEqual(urls({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://c/otlp/" }), [
      "https://c/otlp/v1/traces",
      "https://c/otlp/v1/metrics",
      "https://c/otlp/v1/logs"
    ])
    assert.deepStrictEqual(urls({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://m:1/in" }), [
      undefined,
      "http://m:1/in",
      undefined
    ])
    assert.deepStrictEqual(
      urls({
        ...endpoint,
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://l",
        OTEL_TRACES_EXPORTER: "none"
      }),
      [undefined, "http://collector:4318/v1/metrics", "http://l/"]
    )
  })

  it("an endpoint that is no address is left out; its password is not shown", () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "grpc://me:secret@c:4317" }
    assert.deepStrictEqual(urls(env), [undefined, undefined, undefined])
    assert.deepStrictEqual(warned(env), ["OTEL_EXPORTER_OTLP_ENDPOINT=grpc://…@c:4317"])
  })

  it("other exporters are not known", () => {
    const env = { OTEL_TRACES_EXPORTER: "zipkin" }
    assert.deepStrictEqual(warned(env), ["OTEL_TRACES_EXPORTER=zipkin"])
    assert.isDefined(traces(env).url)
  })
})

describe("how", () => {
  it("as the specification says, when nothing is said", () => {
    assert.deepStrictEqual(from({}).problems, [])
    const common = {
      protocol: "http/protobuf",
      headers: {},
      timeoutMs: 10_000,
      compression: "none",
      certificate: undefined,
      clientCertificate: undefined,
      clientKey: undefined
    } as const
    const { logs, metrics, traces } = from({}).signals
    assert.deepInclude({ ...traces }, { ...common, intervalMs: 5_000, batchSize: 512 })
    assert.deepInclude({ ...metrics }, { ...common, intervalMs: 60_000, waitingBatches: 1 })
    assert.deepInclude({ ...logs }, { ...common, intervalMs: 1_000, batchSize: 512 })
  })

  it("an option of the signal beats the one of all", () => {
    const { logs, traces } = from({
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20b, other = c=d ",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "own=1",
      OTEL_EXPORTER_OTLP_TIMEOUT: "200",
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "100",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none",
      OTEL_EXPORTER_OTLP_CERTIFICATE: "/ca",
      OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: "/traces-ca",
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "/cert",
      OTEL_EXPORTER_OTLP_CLIENT_KEY: "/key"
    }).signals
    const client = { clientCertificate: "/cert", clientKey: "/key" }
    assert.deepInclude({ ...traces }, {
      ...client,
      protocol: "http/protobuf",
      headers: { own: "1" },
      timeoutMs: 100,
      compression: "none",
      certificate: "/traces-ca"
    })
    assert.deepInclude({ ...logs }, {
      ...client,
      protocol: "http/json",
      headers: { "x-key": "a b", other: "c=d" },
      timeoutMs: 200,
      compression: "gzip",
      certificate: "/ca"
    })
  })

  it("batches, their times and what waits", () => {
    assert.deepInclude(
      traces({
        OTEL_BSP_SCHEDULE_DELAY: "20",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
        OTEL_BSP_MAX_QUEUE_SIZE: "35",
        OTEL_BSP_EXPORT_TIMEOUT: "5"
      }),
      { intervalMs: 20, batchSize: 10, waitingBatches: 3, timeoutMs: 5 }
    )
    const { logs, metrics } = from({
      OTEL_BLRP_SCHEDULE_DELAY: "30",
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "1000",
      OTEL_BLRP_MAX_QUEUE_SIZE: "10",
      OTEL_BLRP_EXPORT_TIMEOUT: "0",
      OTEL_METRIC_EXPORT_INTERVAL: "40",
      OTEL_METRIC_EXPORT_TIMEOUT: "6"
    }).signals
    assert.deepInclude({ ...logs }, {
      intervalMs: 30,
      batchSize: 1000,
      waitingBatches: 1,
      timeoutMs: 10_000
    })
    assert.deepInclude({ ...metrics }, { intervalMs: 40, timeoutMs: 6 })
  })

  it("what is wrong has its default and a warning, without secrets", () => {
    const env = {
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_COMPRESSION: "zstd",
      OTEL_EXPORTER_OTLP_TIMEOUT: "10s",
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=secret%zz",
      OTEL_BSP_SCHEDULE_DELAY: "0",
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "-1",
      OTEL_METRIC_EXPORT_INTERVAL: "4294967296",
      OTEL_SPAN_LINK_COUNT_LIMIT: "3",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta"
    }
    assert.sameMembers(
      warned(env),
      Object.entries({ ...env, OTEL_EXPORTER_OTLP_HEADERS: "…" }).map(([a, b]) => `${a}=${b}`)
    )
    assert.deepStrictEqual(from(env).signals, from({}).signals)
    assert.deepStrictEqual(warned({ OTEL_EXPORTER_OTLP_HEADERS: "a b=1" }), [
      "OTEL_EXPORTER_OTLP_HEADERS=…"
    ])
  })
})

describe("what", () => {
  it("the service and its resource", () => {
    const named = from({
      OTEL_RESOURCE_ATTRIBUTES: "service.name=a,service.version=9,team=x%2Cy"
    })
    assert.deepInclude(named, {
      serviceName: "a",
      serviceVersion: "9",
      attributes: { team: "x,y" }
    })
    const both = { OTEL_SERVICE_NAME: "b", OTEL_RESOURCE_ATTRIBUTES: "service.name=a" }
    assert.strictEqual(from(both).serviceName, "b")
    assert.strictEqual(from({}).serviceName, "kafka-data-keep")
    assert.deepStrictEqual(warned({ OTEL_RESOURCE_ATTRIBUTES: "team" }), [
      "OTEL_RESOURCE_ATTRIBUTES=team"
    ])
  })

  it.each([
    ["", 1, true],
    ["always_on", 1, false],
    ["always_off", 0, false],
    ["traceidratio", 0.25, false],
    ["parentbased_always_on", 1, true],
    ["parentbased_always_off", 0, true],
    ["parentbased_traceidratio", 0.25, true],
    ["xray", 1, true]
  ])("sampler %s", (name, ratio, parentBased) => {
    const env = { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: "0.25" }
    assert.deepStrictEqual(from(env).sampler, { ratio, parentBased })
    assert.deepStrictEqual(warned(env), name === "xray" ? ["OTEL_TRACES_SAMPLER=xray"] : [])
  })

  it("a ratio beyond 1 is no ratio", () => {
    const env = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" }
    assert.strictEqual(from(env).sampler.ratio, 1)
    assert.deepStrictEqual(warned(env), ["OTEL_TRACES_SAMPLER_ARG=2"])
  })
})

it.effect("every variable is read from the environment; an empty one is none", () =>
  Effect.gen(function*() {
    const env = { ...endpoint, OTEL_SERVICE_NAME: " keeper ", OTEL_BSP_SCHEDULE_DELAY: "" }
    const settings = yield* Effect.withConfigProvider(
      telemetrySettings,
      ConfigProvider.fromMap(new Map(Object.entries(env)))
    )
    assert.deepStrictEqual(settings, from({ OTEL_SERVICE_NAME: "keeper" }))
  }))

it("workers are instances of their own, and what is wrong is said once", () => {
  const attributes = (env: Readonly<Record<string, string>>, worker: number) =>
    telemetryOfWorker(from(env), worker).attributes
  const named = { OTEL_RESOURCE_ATTRIBUTES: "service.instance.id=pod-1,zone=a" }
  assert.deepStrictEqual(attributes(named, 2), {
    zone: "a",
    "service.instance.id": "pod-1-worker-2"
  })
  assert.deepStrictEqual(attributes({}, 2), {})
  const wrong = from({ OTEL_TRACES_SAMPLER: "xray" })
  assert.lengthOf(wrong.problems, 1)
  assert.lengthOf(telemetryOfWorker(wrong, 2).problems, 0)
})

it("the handbook has every variable, and no other", () => {
  const handbook = readFileSync(resolve(import.meta.dirname, "../../docs/OPERATIONS.md"), "utf8")
  const names = handbook.split("\n").filter((line) => line.startsWith("| `OTEL_")).flatMap((line) =>
    [...(line.split(" | ")[0] ?? "").matchAll(/`(OTEL_[A-Z_<>]+)`/g)].map(([, name = ""]) => name)
  )
  const documented = names.flatMap((name) =>
    name.includes("<SIGNAL>")
      ? signals.map((signal) => name.replace("<SIGNAL>", signal.toUpperCase()))
      : [name]
  )
  assert.sameMembers(documented, [...telemetryVariables])
})
