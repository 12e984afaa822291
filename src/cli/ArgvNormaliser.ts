/**
 * Reads a command line as Go's `flag` package does and writes it in the one form that
 * `@effect/cli` reads without loss: the command, then `--name value` for each flag given.
 */
import { Either } from "effect"
import { closest } from "./Closest.ts"
import type { Flag } from "./Flag.ts"
import { isBoolean } from "./Flag.ts"
import { UsageError } from "./UsageError.ts"
import { versionWords } from "./Version.ts"

/** The part of a command that decides how its arguments are read. */
export interface CommandFlags {
  readonly name: string
  readonly flags: Readonly<Record<string, Flag<unknown>>>
}

export type Request =
  | { readonly kind: "help"; readonly command: string | undefined }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly argv: ReadonlyArray<string> }

type Read<A> = Either.Either<A, UsageError>

const helpWords: ReadonlySet<string> = new Set(["-h", "-help", "--h", "--help"])
const form = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/

const usage = (command: string, problem: string): Read<never> =>
  Either.left(new UsageError({ command, problems: [problem] }))

const hint = (meant: string | undefined): string =>
  meant === undefined ? "" : `; did you mean ${meant}?`

/**
 * `@effect/cli` takes a lower-case level as an option of its own when it comes first; the flag's
 * values are upper-case and read in any case.
 */
const canonical = (name: string, value: string): string =>
  name === "log-level" ? value.toUpperCase() : value

const readFlags = (command: CommandFlags, args: ReadonlyArray<string>): Read<Request> => {
  const known = new Map(Object.values(command.flags).map((flag) => [flag.name, flag]))
  const given = new Map<string, string>()
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ""
    if (helpWords.has(arg)) return Either.right({ kind: "help", command: command.name })
    const match = form.exec(arg)
    if (match === null) {
      return usage(
        command.name,
        `unexpected argument ${JSON.stringify(arg)}: ${command.name} takes flags only`
      )
    }
    const [, name = "", inline] = match
    const flag = known.get(name)
    if (flag === undefined) {
      const meant = closest(name, [...known.keys()])
      return usage(command.name, `unknown flag -${name}${hint(meant && `-${meant}`)}`)
    }
    const value = inline ?? (isBoolean(flag) ? "true" : args[++at])
    if (value === undefined) return usage(command.name, `flag -${name} needs a value`)
    // Given twice, the last one counts, as in Go.
    given.set(name, canonical(name, value))
  }
  const flags = [...given].flatMap(([name, value]) => [`--${name}`, value])
  return Either.right({ kind: "run", argv: [command.name, ...flags] })
}

/** What is asked for; the command line without the program's own name. */
export const normalise = (
  commands: ReadonlyArray<CommandFlags>,
  args: ReadonlyArray<string>
): Read<Request> => {
  const [first, ...rest] = args
  if (first === undefined) return usage("", "no command given")
  if (helpWords.has(first)) return Either.right({ kind: "help", command: undefined })
  if (first === "help") return Either.right({ kind: "help", command: rest[0] })
  if (versionWords.has(first)) return Either.right({ kind: "version" })
  if (first === "--completions") return Either.right({ kind: "run", argv: args })
  const command = commands.find(({ name }) => name === first)
  if (command !== undefined) return readFlags(command, rest)
  if (first.startsWith("-")) {
    return usage("", `unknown flag ${first} before the command; flags come after it`)
  }
  const meant = closest(first, commands.map(({ name }) => name))
  return usage("", `unknown command ${JSON.stringify(first)}${hint(meant)}`)
}
