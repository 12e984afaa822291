/** The built program on the shared stack, run as users do: back up, plan, restore. */
import { Context, Data, Effect, Layer } from "effect"
import path from "node:path"
import { s3Environment } from "../../../dev/stack/S3Gateway.ts"
import { StackAddresses } from "../../../dev/stack/Stack.ts"
import { Truth } from "../../../dev/truth/Truth.ts"
import { TruthLayer } from "../../../dev/truth/TruthLayer.ts"
import { built, finished, started } from "../../cli/BuiltProgram.ts"
import { SharedStack, unique } from "../SharedStack.ts"
import { temporaryDirectory } from "../TemporaryDirectory.ts"

/** Path of the bundle. */
class Bundle extends Context.Tag("test/records/Bundle")<Bundle, string>() {}

/** The stack, the witness and the program; test files that run at once need names of their own. */
export const live = (name: string) =>
  Layer.provideMerge(
    TruthLayer,
    Layer.merge(SharedStack, Layer.effect(Bundle, Effect.promise(() => built(name))))
  )

export class ProgramFailed extends Data.TaggedError("ProgramFailed")<{
  readonly message: string
}> {}

export type Flags = Readonly<Record<string, string | number>>

const argsOf = (flags: Flags) => Object.entries(flags).map(([name, value]) => `-${name}=${value}`)

/** More than any command of these tests needs on a busy machine. */
const patience = "90 seconds"

/** Matches these topics and no other. */
export const exactly = (topics: ReadonlyArray<string>): string => `^(${topics.join("|")})$`

/**
 * An archive with a prefix, a group and a working directory of its own; `fileStore` keeps it in a
 * directory in place of the S3 bucket.
 */
export const makeKeeper = Effect.fnUntraced(
  function*(options: { readonly fileStore?: boolean } = {}) {
    const { brokers, s3 } = yield* StackAddresses
    const bundle = yield* Bundle
    const directory = yield* temporaryDirectory
    const storeDirectory = path.join(directory, "store")
    const workingDirectory = path.join(directory, "working")
    const prefix = unique("records")
    const env = {
      KAFKA_BROKERS: brokers,
      ...(options.fileStore === true
        ? { STORE: `file://${storeDirectory}` }
        : s3Environment(s3)),
      S3_PREFIX: prefix,
      METRICS_PORT: "0",
      LOG_LEVEL: "INFO"
    }
    const run = (command: string, flags: Flags) => execute(command, ["-once", ...argsOf(flags)])
    const execute = (command: string, args: ReadonlyArray<string>) =>
      finished(process.execPath, [bundle, command, ...args], env).pipe(
        Effect.timeoutFail({
          duration: patience,
          onTimeout: () => new ProgramFailed({ message: `${command} is not done` })
        }),
        Effect.filterOrFail(
          ({ code }) => code === 0,
          ({ code, stderr }) =>
            new ProgramFailed({ message: `${command} ended with ${code}\n${stderr}` })
        )
      )
    const backupFlags = (topics: ReadonlyArray<string>, flags: Flags): Flags => ({
      "topics-regex": exactly(topics),
      "group-id": `${prefix}-backup`,
      "working-dir": workingDirectory,
      ...flags
    })
    return {
      prefix,
      /** Any command, to its end; it must succeed. */
      run,
      storeDirectory,
      workingDirectory,
      backup: (topics: ReadonlyArray<string>, flags: Flags = {}) =>
        run("topics-backup", backupFlags(topics, flags)),
      /** Without an end; killed with the scope. */
      startBackup: (topics: ReadonlyArray<string>, flags: Flags = {}) =>
        started(
          process.execPath,
          [bundle, "topics-backup", ...argsOf(backupFlags(topics, flags))],
          env
        ),
      plan: (planTopic: string, topics: ReadonlyArray<string>, flags: Flags = {}) =>
        run("topics-plan-restore", {
          "restore-topics-regex": exactly(topics),
          "plan-topic": planTopic,
          "plan-topic-partitions": 3,
          ...flags
        }),
      restore: (planTopic: string, flags: Flags = {}) =>
        run("topics-restore", {
          "plan-topic": planTopic,
          "restore-topic-prefix": targetPrefix,
          "group-id": `${prefix}-restore`,
          ...flags
        }),
      /** Archive, restored topics and live ones, each record of them; the result as JSON. */
      verify: execute("archive-verify", [
        ...argsOf({ "restored-prefix": targetPrefix, output: "json" }),
        "-against-cluster"
      ])
    }
  }
)

/** In front of the names of restored topics, unless a test says otherwise. */
export const targetPrefix = "restored."

/** Longer values are told by length and hash. */
export const maxValueBytes = 256

/** What consumers of these topics see. */
export const committed = (topics: ReadonlyArray<string>) =>
  Effect.flatMap(Truth, (truth) => truth.consume(topics, { maxValueBytes }))

/** The same with the records of aborted transactions. */
export const everything = (topics: ReadonlyArray<string>) =>
  Effect.flatMap(
    Truth,
    (truth) => truth.consume(topics, { isolation: "read_uncommitted", maxValueBytes })
  )

/** Creates the topics that these are to be restored to, with as many partitions. */
export const createTargets = (
  topics: ReadonlyArray<{ readonly topic: string; readonly partitions: number }>,
  prefix = targetPrefix
) =>
  Effect.flatMap(Truth, (truth) =>
    truth.createTopics(topics.map(({ partitions, topic }) => ({
      topic: `${prefix}${topic}`,
      partitions
    }))))
