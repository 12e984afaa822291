/** The built program on a local stack, as its users run it: what it logs, counts and answers. */
import type { Scope } from "effect"
import { Context, Data, Effect, Layer } from "effect"
import path from "node:path"
import { s3Environment } from "../../dev/stack/S3Gateway.ts"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import type { Finished, Running } from "../cli/BuiltProgram.ts"
import { built, started } from "../cli/BuiltProgram.ts"
import { sumOfMetric } from "./MetricsText.ts"
import { unique } from "./SharedStack.ts"
import { temporaryDirectory } from "./TemporaryDirectory.ts"

/** Path of the bundle. */
export class Bundle extends Context.Tag("test/Bundle")<Bundle, string>() {}

/** Test files that run at once need names of their own. */
export const BundleLayer = (name: string): Layer.Layer<Bundle> =>
  Layer.effect(Bundle, Effect.promise(() => built(name)))

export interface LogLine {
  readonly time: string
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** What was waited for in vain, and the end of what the program said instead. */
export class NotSeen extends Data.TaggedError("NotSeen")<{ readonly message: string }> {}

export interface Command {
  readonly child: Running["child"]
  /** Everything logged so far. */
  readonly log: () => ReadonlyArray<LogLine>
  /** The first line with that message, as soon as there is one. */
  readonly said: (msg: string) => Effect.Effect<LogLine, NotSeen>
  /** Waits until it holds. */
  readonly until: <R>(
    what: string,
    holds: Effect.Effect<boolean, never, R>
  ) => Effect.Effect<void, NotSeen, R>
  /** The metrics page; empty while there is none. */
  readonly metrics: Effect.Effect<string>
  /** The sum over all labels; 0 while there is none. */
  readonly metric: (name: string) => Effect.Effect<number>
  readonly finished: Effect.Effect<Finished, NotSeen>
  /** Sends the signal and waits for the end. */
  readonly stop: (signal: "SIGTERM" | "SIGINT" | "SIGKILL") => Effect.Effect<Finished, NotSeen>
}

/** Much more than anything takes on a busy machine: whoever waits so long waits in vain. */
const patience = "100 seconds"

const isLogLine = (line: unknown): line is LogLine =>
  typeof line === "object" && line !== null && "msg" in line && "level" in line

const parsed = (text: string): ReadonlyArray<LogLine> =>
  text.split("\n").slice(0, -1).filter((line) => line.startsWith("{")).flatMap((line) => {
    const value: unknown = JSON.parse(line)
    return isLogLine(value) ? [value] : []
  })

const commandOf = (running: Running): Command => {
  const log = () => parsed(running.stderr())
  const impatient = <A, R>(what: string, effect: Effect.Effect<A, never, R>) =>
    Effect.timeoutFail(effect, {
      duration: patience,
      onTimeout: () =>
        new NotSeen({ message: `${what}; stderr:\n${running.stderr().slice(-4000)}` })
    })
  const until = <R>(what: string, holds: Effect.Effect<boolean, never, R>) =>
    impatient(
      what,
      Effect.repeat(Effect.zipLeft(holds, Effect.sleep("100 millis")), { until: (yes) => yes })
    ).pipe(Effect.asVoid)
  const find = (msg: string) => log().find((line) => line.msg === msg)
  const said = (msg: string) =>
    Effect.flatMap(
      until(`no line ${msg}`, Effect.sync(() => find(msg) !== undefined)),
      () => Effect.sync(() => find(msg) ?? { time: "", level: "", msg: "" })
    )
  const metrics = Effect.suspend(() => {
    const port = find("metrics are served")?.["port"]
    return port === undefined ?
      Effect.succeed("") :
      Effect.promise(() =>
        fetch(`http://127.0.0.1:${String(port)}/__/metrics`).then((response) => response.text())
          .catch(() => "")
      )
  })
  const finished = impatient("it does not end", running.finished)
  return {
    child: running.child,
    log,
    said,
    until,
    metrics,
    metric: (name) => Effect.map(metrics, (text) => sumOfMetric(text, name)),
    finished,
    stop: (signal) => Effect.zipRight(Effect.sync(() => running.child.kill(signal)), finished)
  }
}

export interface Workplace {
  /** The archive's own prefix in the bucket. */
  readonly prefix: string
  readonly group: string
  /** A path in a directory that goes with the test. */
  readonly file: (name: string) => string
  /** Starts a command; it is killed with the scope. */
  readonly run: (
    args: ReadonlyArray<string>,
    env?: Readonly<Record<string, string>>
  ) => Effect.Effect<Command, never, Scope.Scope>
  /** Runs a command to its end. */
  readonly finish: (
    args: ReadonlyArray<string>,
    env?: Readonly<Record<string, string>>
  ) => Effect.Effect<Finished, NotSeen>
  /** Runs a script of bash to its end, in which `"$@"` is the command. */
  readonly inShell: (
    script: string,
    args: ReadonlyArray<string>
  ) => Effect.Effect<Finished, NotSeen>
}

/** An archive, a group and a directory of its own on the stack. Logs are JSON, from DEBUG on. */
export const workplace: Effect.Effect<Workplace, never, StackAddresses | Bundle | Scope.Scope> =
  Effect.gen(function*() {
    const bundle = yield* Bundle
    const { brokers, s3 } = yield* StackAddresses
    const directory = yield* temporaryDirectory
    const prefix = unique("archive")
    const group = unique("group")
    const environment = {
      KAFKA_BROKERS: brokers,
      KAFKA_GROUP_ID: group,
      ...s3Environment(s3),
      S3_PREFIX: prefix,
      METRICS_PORT: "0",
      LOG_LEVEL: "DEBUG",
      LOG_FORMAT: "json",
      WORKERS: "1"
    }
    const run: Workplace["run"] = (args, env = {}) =>
      Effect.map(
        started(process.execPath, [bundle, ...args], { ...environment, ...env }),
        commandOf
      )
    const shell = (script: string, args: ReadonlyArray<string>) =>
      started("bash", ["-c", script, "bash", process.execPath, bundle, ...args], {
        ...environment,
        PATH: process.env["PATH"] ?? ""
      })
    return {
      prefix,
      group,
      file: (name) => path.join(directory, name),
      run,
      finish: (args, env) =>
        Effect.scoped(Effect.flatMap(run(args, env), ({ finished }) => finished)),
      inShell: (script, args) =>
        Effect.scoped(
          Effect.flatMap(Effect.map(shell(script, args), commandOf), ({ finished }) => finished)
        )
    }
  })
