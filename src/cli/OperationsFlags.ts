/** Flags that every command has for logs, metrics and profiling. */
import type { Values } from "./Flag.ts"
import { boolean, choice, port } from "./FlagKinds.ts"

export const logLevels = ["DEBUG", "INFO", "WARN", "ERROR"] as const

export const operationsFlags = {
  logLevel: choice(
    ["log-level", "LOG_LEVEL", "INFO", "Least level that is logged: DEBUG, INFO, WARN or ERROR"],
    logLevels,
    "level"
  ),
  logFormat: choice(
    ["log-format", "LOG_FORMAT", "text", "Form of the log lines on stderr: text or json"],
    ["text", "json"],
    "format"
  ),
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
    "Accepted, but profiles are not available yet"
  ]),
  pprofPort: port(["pprof-port", "PPROF_PORT", "6060", "Accepted, like -enable-pprof"])
}

export type OperationsValues = Values<typeof operationsFlags>
