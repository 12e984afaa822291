/** Runs a command through `@effect/cli`, which brings completions and reads flags and variables. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Array, Config, Effect, Record } from "effect"
import type { Program } from "./Cli.ts"
import type { CommandSpec } from "./CommandSpec.ts"
import type { Flag } from "./Flag.ts"
import { version } from "./Version.ts"

/** The flag as text: from the command line, else from its variable, else its default. */
const textOption = (flag: Flag<unknown>): Options.Options<string> =>
  Options.text(flag.name).pipe(
    Options.withFallbackConfig(Config.string(flag.env)),
    Options.withDefault(flag.fallback),
    Options.withDescription(flag.description)
  )

const toCommand = (spec: CommandSpec) =>
  Command.make(spec.name, Record.map(spec.flags, textOption), spec.run).pipe(
    Command.withDescription(spec.summary)
  )

// Case-insensitive matching would drop values silently.
const config = CliConfig.layer({ isCaseSensitive: true, showBuiltIns: false })

/** `argv`: the command, then `--name value` for each flag given. */
export const runCommand = (program: Program, argv: ReadonlyArray<string>) => {
  const cli = Command.make(program.name).pipe(
    Command.withSubcommands(Array.map(program.commands, toCommand))
  )
  return Command.run(cli, { name: program.name, version })(["node", program.name, ...argv]).pipe(
    Effect.provide(config)
  )
}
