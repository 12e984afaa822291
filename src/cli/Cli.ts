/** From a command line to the effect that it asks for. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { Array, Config, Console, Effect, Either, Record } from "effect"
import { normalise } from "./ArgvNormaliser.ts"
import { closest } from "./Closest.ts"
import type { CommandSpec } from "./CommandSpec.ts"
import type { Flag } from "./Flag.ts"
import { commandHelp, programHelp } from "./HelpText.ts"
import { UsageError } from "./UsageError.ts"
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

export interface Program {
  readonly name: string
  readonly summary: string
  readonly commands: Array.NonEmptyReadonlyArray<CommandSpec>
}

const help = ({ commands, name, summary }: Program, command: string | undefined) => {
  if (command === undefined) return Console.log(programHelp(name, summary, commands).trimEnd())
  const spec = commands.find((each) => each.name === command)
  if (spec !== undefined) return Console.log(commandHelp(name, spec).trimEnd())
  const meant = closest(command, commands.map((each) => each.name))
  const problem = `unknown command ${JSON.stringify(command)}${
    meant === undefined ? "" : `; did you mean ${meant}?`
  }`
  return Effect.fail(new UsageError({ command: "", problems: [problem] }))
}

/** Runs the command line `args`, given without interpreter and script. */
export const run = (program: Program, args: ReadonlyArray<string>) =>
  Either.match(normalise(program.commands, args), {
    onLeft: (error) => Effect.fail(error),
    onRight: (request) => {
      if (request.kind === "help") return help(program, request.command)
      if (request.kind === "version") return Console.log(version)
      const cli = Command.make(program.name).pipe(
        Command.withSubcommands(Array.map(program.commands, toCommand))
      )
      return Command.run(cli, { name: program.name, version })([
        "node",
        program.name,
        ...request.argv
      ])
    }
  }).pipe(Effect.provide(config))
