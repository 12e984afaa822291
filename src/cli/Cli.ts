/** From a command line to the effect that it asks for. */
import type { Array } from "effect"
import { Console, Effect } from "effect"
import { normalise } from "./ArgvNormaliser.ts"
import { closest } from "./Closest.ts"
import type { CommandSpec } from "./CommandSpec.ts"
import { commandHelp, programHelp } from "./HelpText.ts"
import { UsageError } from "./UsageError.ts"
import { version } from "./Version.ts"

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
  Effect.gen(function*() {
    const request = yield* normalise(program.commands, args)
    if (request.kind === "help") return yield* help(program, request.command)
    if (request.kind === "version") return yield* Console.log(version)
    const { runCommand } = yield* Effect.promise(() => import("./EffectCli.ts"))
    return yield* runCommand(program, request.argv)
  })
