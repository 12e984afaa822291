/** The one place where settings become running services. */
import { Effect, Layer } from "effect"
import { DirectoryStoreLayer } from "../../services/DirectoryStoreLayer.ts"
import { DiskBufferLayer } from "../../services/DiskBufferLayer.ts"
import { FlushRequestsLayer } from "../../services/FlushRequestsLayer.ts"
import { FlushServerLayer } from "../../services/FlushServerLayer.ts"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { HttpListenerLayer } from "../../services/HttpListenerLayer.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import { MetricsServerLayer } from "../../services/MetricsServerLayer.ts"
import { ProfilingLayer } from "../../services/ProfilingLayer.ts"
import { ProfilingServerLayer } from "../../services/ProfilingServerLayer.ts"
import { S3StoreLayer } from "../../services/S3StoreLayer.ts"
import { TelemetryLayer } from "../../services/TelemetryLayer.ts"
import type { Settings } from "./CommandSpec.ts"
import { shownEvent } from "./Logging.ts"
import type { OperationsValues } from "./OperationsFlags.ts"
import { onFlushSignal } from "./Preflight.ts"
import type { StoreSettings } from "./StoreFlags.ts"
import { telemetrySettings } from "./Telemetry.ts"

const storeLive = (settings: StoreSettings) =>
  settings.kind === "directory"
    ? DirectoryStoreLayer({ directory: settings.directory })
    : S3StoreLayer({
      bucket: settings.bucket,
      region: settings.region === "" ? undefined : settings.region,
      endpoint: settings.endpoint === "" ? undefined : settings.endpoint
    })

const profilingLive = ({ enablePprof, pprofPort }: OperationsValues) =>
  enablePprof
    ? Layer.provide(ProfilingServerLayer({ port: pprofPort, commandLine: process.argv }), [
      HttpListenerLayer,
      ProfilingLayer
    ])
    : Layer.empty

/** Goes around all of a command, so that its first and last log lines are sent too. */
export const telemetryLive = (command: string): Layer.Layer<never> =>
  Layer.unwrapEffect(
    Effect.map(telemetrySettings, (settings) => TelemetryLayer(settings, command, shownEvent))
  )

/** What surrounds every command. */
const operationsLive = (settings: OperationsValues) =>
  Layer.mergeAll(
    Layer.provide(MetricsServerLayer({ port: settings.metricsPort }), HttpListenerLayer),
    profilingLive(settings)
  )

/** Kafka, the archive, and what surrounds every command. */
const commonLive = ({ kafka, operations, store }: Settings<unknown>) =>
  Layer.mergeAll(
    KafkaLayer(kafka),
    storeLive(store),
    ForeignSchemaLayer,
    operationsLive(operations)
  )

export const planLive = commonLive
export const restoreLive = commonLive
export const groupsLive = commonLive

export const backupLive = (
  settings: Settings<unknown>,
  own: {
    readonly workingDir: string
    /** `undefined`: no flush server. */
    readonly flushPort: number | undefined
  }
) => {
  const server = own.flushPort === undefined
    ? Layer.empty
    : Layer.provide(FlushServerLayer({ port: own.flushPort }), HttpListenerLayer)
  return Layer.mergeAll(
    commonLive(settings),
    DiskBufferLayer({ workingDir: own.workingDir }),
    Layer.provideMerge(server, FlushRequestsLayer(onFlushSignal))
  )
}
