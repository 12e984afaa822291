/** The one place where settings become running services. */
import { Effect, Layer } from "effect"
import { DirectoryStoreLayer } from "../../services/DirectoryStoreLayer.ts"
import { DiskBufferLayer } from "../../services/DiskBufferLayer.ts"
import { FlushRequestsLayer } from "../../services/FlushRequestsLayer.ts"
import { FlushServerLayer } from "../../services/FlushServerLayer.ts"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { HttpListenerLayer } from "../../services/HttpListenerLayer.ts"
import type { KafkaSettings } from "../../services/KafkaConnections.ts"
import { KafkaLayer } from "../../services/KafkaLayer.ts"
import { MetricsServerLayer } from "../../services/MetricsServerLayer.ts"
import { ProfilingLayer } from "../../services/ProfilingLayer.ts"
import { ProfilingServerLayer } from "../../services/ProfilingServerLayer.ts"
import { ReportFileLayer } from "../../services/ReportFileLayer.ts"
import { S3StoreLayer } from "../../services/S3StoreLayer.ts"
import { TelemetryLayer } from "../../services/TelemetryLayer.ts"
import { heldBuffers, workerDirectory } from "../../services/WorkerBuffersLayer.ts"
import { openWorkerLink, WorkerFlushLayer, WorkerLayer } from "../../services/WorkerLinkLayer.ts"
import { tellThrottling } from "../../streams/TellThrottling.ts"
import type { ArchiveSettings, Settings } from "./CommandSpec.ts"
import { shownEvent } from "./Logging.ts"
import type { OperationsValues } from "./OperationsFlags.ts"
import { onFlushSignal } from "./Preflight.ts"
import type { StoreSettings } from "./StoreFlags.ts"
import { telemetryOfWorker, telemetrySettings } from "./Telemetry.ts"

const storeLive = (settings: StoreSettings) =>
  settings.kind === "directory"
    ? DirectoryStoreLayer({ directory: settings.directory })
    : S3StoreLayer({
      bucket: settings.bucket,
      region: settings.region === "" ? undefined : settings.region,
      endpoint: settings.endpoint === "" ? undefined : settings.endpoint
    })

/** To the main thread, when this is the thread of a worker. */
export const workerLink = openWorkerLink()

/** Where lines of a worker go, in place of stderr. */
export const writeLine = workerLink && ((line: string) => workerLink.send({ _tag: "Line", line }))

/** Each worker has a port of its own; one that does not exist becomes any free one. */
const profilingPort = (port: number): number => {
  const own = port === 0 ? 0 : port + (workerLink?.worker ?? 1) - 1
  return own > 65_535 ? 0 : own
}

const profilingLive = ({ enablePprof, pprofPort }: OperationsValues) =>
  enablePprof
    ? Layer.provide(
      ProfilingServerLayer({ port: profilingPort(pprofPort), commandLine: process.argv }),
      [HttpListenerLayer, ProfilingLayer]
    )
    : Layer.empty

/** Goes around all of a command, so that its first and last log lines are sent too. */
export const telemetryLive = (command: string): Layer.Layer<never> =>
  Layer.unwrapEffect(
    Effect.map(
      telemetrySettings,
      (settings) =>
        TelemetryLayer(
          workerLink === undefined ? settings : telemetryOfWorker(settings, workerLink.worker),
          command,
          shownEvent
        )
    )
  )

/** Beside this file in a build; from source it is where it is written. */
const workerEntry = new URL(
  import.meta.url.endsWith(".ts") ? "../worker.ts" : "./worker.mjs",
  import.meta.url
)

/** What surrounds every command. */
const operationsLive = (settings: OperationsValues) =>
  Layer.mergeAll(
    workerLink === undefined
      ? Layer.provide(MetricsServerLayer({ port: settings.metricsPort }), HttpListenerLayer)
      : WorkerLayer(workerLink),
    profilingLive(settings)
  )

/** The cluster, also for a command that may do without. */
export const kafkaLive = (settings: KafkaSettings) =>
  Layer.merge(KafkaLayer(settings), Layer.scopedDiscard(tellThrottling))

/** Kafka, the archive, and what surrounds every command. */
const commonLive = ({ kafka, operations, store }: Settings<unknown>) =>
  Layer.mergeAll(
    kafkaLive(kafka),
    storeLive(store),
    ForeignSchemaLayer,
    operationsLive(operations)
  )

/** An archive to look at, without Kafka and without anything that is served. */
export const archiveLive = ({ store }: ArchiveSettings<unknown>) =>
  Layer.mergeAll(storeLive(store), ForeignSchemaLayer, ReportFileLayer)

/** What target topics are created with, before anything is restored. */
export const targetsLive = ({ kafka, store }: Settings<unknown>) =>
  Layer.merge(KafkaLayer(kafka), storeLive(store))

export const planLive = commonLive
export const restoreLive = commonLive
export const groupsLive = commonLive

export const backupLive = (
  settings: Settings<unknown>,
  own: {
    readonly workingDir: string
    /** From 1. */
    readonly worker: number
    /** `undefined`: no flush server. */
    readonly flushPort: number | undefined
  }
) => {
  const server = own.flushPort === undefined
    ? Layer.empty
    : Layer.provide(FlushServerLayer({ port: own.flushPort }), HttpListenerLayer)
  return Layer.mergeAll(
    commonLive(settings),
    DiskBufferLayer({
      workingDir: workerDirectory(own.workingDir, own.worker),
      leftoversIn: own.workingDir
    }),
    workerLink === undefined
      ? Layer.provideMerge(server, FlushRequestsLayer(onFlushSignal))
      : WorkerFlushLayer(workerLink)
  )
}

export const buffersHeld = heldBuffers

/** For the buffer of a worker that is not going to run. */
export const bringInLive = (settings: Settings<unknown>, workingDir: string, worker: number) =>
  Layer.mergeAll(
    storeLive(settings.store),
    ForeignSchemaLayer,
    DiskBufferLayer({ workingDir: workerDirectory(workingDir, worker) })
  )

/** Workers in threads; all that is asked of them is asked here. */
export const supervisorLive = (
  { operations }: Settings<unknown>,
  workers: number,
  /** Absent: nothing of them can be flushed. */
  flush?: { readonly flushPort: number | undefined }
) =>
  Layer.unwrapEffect(
    Effect.map(
      Effect.promise(() => import("../../services/SupervisorLayer.ts")),
      ({ SupervisorLayer }) =>
        SupervisorLayer({
          workers,
          entry: workerEntry,
          metricsPort: operations.metricsPort,
          flush: flush && { signals: onFlushSignal, port: flush.flushPort }
        })
    )
  )
