/** A program with one command, `copy`, that does nothing but keep the settings it was given. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { ConfigProvider, Effect, Layer } from "effect"
import { run } from "../../src/cli/Cli.ts"
import type { CommandSpec, Settings } from "../../src/cli/CommandSpec.ts"
import { defineCommand } from "../../src/cli/CommandSpec.ts"
import type { Values } from "../../src/cli/Flag.ts"
import { boolean, choice, duration, integer, name } from "../../src/cli/FlagKinds.ts"
import { excludeRegexes, orderedRegexes } from "../../src/cli/RegexFlags.ts"

const own = {
  topics: orderedRegexes(["topics-regex", "KAFKA_TOPICS_REGEX", ".*", "Topics"]),
  exclude: excludeRegexes(["exclude-topics-regex", "EXCLUDE_TOPICS_REGEX", "", "Not these"]),
  group: name(["group-id", "KAFKA_GROUP_ID", "keep", "Group"]),
  size: integer(["min-file-size", "MIN_FILE_SIZE", "5242880", "Size"], {
    min: 1,
    max: 100_000_000
  }),
  age: duration(["max-file-age", "MAX_FILE_AGE", "1h", "Age"]),
  idle: duration(["idle", "IDLE", "5s", "Idle"], "positive"),
  codec: choice(["codec", "CODEC", "zstd", "Codec"], ["none", "zstd"], "codec"),
  once: boolean(["once", "ONCE", "false", "Once"])
}

export type CopySettings = Settings<Values<typeof own>>

/** Runs `copy` with these flags and this environment; answers the settings that it was given. */
export const settingsOf = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function*() {
    const seen: Array<CopySettings> = []
    const copy: CommandSpec = defineCommand(
      { name: "copy", summary: "copies", details: [], example: "" },
      own,
      () =>
        Promise.resolve({
          work: (settings: CopySettings) => Effect.sync(() => void seen.push(settings))
        })
    )
    const program = { name: "test", summary: "tests", commands: [copy] as const }
    yield* run(program, ["copy", ...args]).pipe(
      Effect.provide(Layer.merge(
        NodeContext.layer,
        Layer.setConfigProvider(
          ConfigProvider.fromMap(new Map(Object.entries({ LOG_LEVEL: "error", ...env })), {
            pathDelim: "\u0000"
          })
        )
      ))
    )
    return yield* Effect.fromNullable(seen[0])
  })

const archive = ["-s3-bucket", "b"]

/** The settings, with an archive named. */
export const given = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  settingsOf([...archive, ...args], env)

/** The problems of a wrong command line. */
export const problemsWithout = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.flip(settingsOf(args, env)).pipe(
    Effect.map((error) => "problems" in error ? error.problems : [String(error)])
  )

/** The problems of a wrong command line that names an archive. */
export const problemsOf = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) => problemsWithout([...archive, ...args], env)
