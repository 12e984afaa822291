/** Flags for logs, metrics and profiling. */
import type { Values } from "./Flag.ts"
import { boolean, choice, port } from "./FlagKinds.ts"

export const logLevels = ["DEBUG", "INFO", "WARN", "ERROR"] as const

const logLevel = (fallback: typeof logLevels[number]) =>
  choice(
    ["log-level", "LOG_LEVEL", fallback, "Least level that is logged: DEBUG, INFO, WARN or ERROR"],
    logLevels,
    "level"
  )

const logFormat = choice(
  ["log-format", "LOG_FORMAT", "text", "Form of the log lines on stderr: text or json"],
  ["text", "json"],
  "format"
)

/** For commands whose result is on stdout, and which say nothing unless something is wrong. */
export const readingFlags = { logLevel: logLevel("WARN"), logFormat }

export type ReadingValues = Values<typeof readingFlags>

/** For commands that take long, and say how far they are. */
const progressFlags = {
  noProgress: boolean([
    "no-progress",
    "NO_PROGRESS",
    "false",
    "Show no progress: neither bars on a terminal, nor elsewhere a log line every 10 seconds"
  ])
}

export type ProgressValues = Values<typeof progressFlags>

/** For commands that read all of an archive, with their result on stdout. */
export const proofFlags = { logLevel: logLevel("INFO"), logFormat, ...progressFlags }

export type ProofValues = Values<typeof proofFlags>

/** For all others. */
export const operationsFlags = {
  logLevel: logLevel("INFO"),
  logFormat,
  metricsPort: port([
    "metrics-port",
    "METRICS_PORT",
    "8081",
    "Port of the Prometheus metrics, served on all interfaces at /__/metrics; 0 takes any free one"
  ]),
  enablePprof: boolean([
    "enable-pprof",
    "ENABLE_PPROF",
    "false",
    "Serve profiles for go tool pprof on 127.0.0.1 at /debug/pprof/"
  ]),
  pprofPort: port([
    "pprof-port",
    "PPROF_PORT",
    "6060",
    "Port of the profiles; 0 takes any free one"
  ])
}

export type OperationsValues = Values<typeof operationsFlags>

/** For those of them that take long. */
export const longFlags = { ...operationsFlags, ...progressFlags }

export type LongValues = Values<typeof longFlags>
