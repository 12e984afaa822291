/** Help as plain text, made from the commands' own tables. */
import type { CommandSpec } from "./CommandSpec.ts"
import type { Flag } from "./Flag.ts"

const width = 96

const wrap = (words: ReadonlyArray<string>, indent: string): string => {
  const lines: Array<string> = []
  let line = ""
  for (const word of words) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === "" ? word : `${line} ${word}`
    }
  }
  return [...lines, line].map((each) => `${indent}${each}`).join("\n")
}

export const synopsis = (flag: Flag<unknown>): string =>
  flag.placeholder === "" ? `-${flag.name}` : `-${flag.name} <${flag.placeholder}>`

const flagHelp = (flag: Flag<unknown>): string => {
  const fallback = flag.fallback === "" ? "none" : flag.fallback
  const facts = [`[env ${flag.env}]`, `[default ${fallback}]`]
  const indent = "        "
  return `  ${synopsis(flag)}\n${wrap([...flag.description.split(" "), ...facts], indent)}`
}

const paragraph = (text: string): string => wrap(text.split(" "), "")

const section = (title: string, lines: ReadonlyArray<string>): string =>
  [`${title}:`, ...lines].join("\n")

const reading =
  "A flag beats its environment variable, which beats the default; a variable that is set but empty is an empty value. Flags are read with one dash or two, as -flag value or -flag=value; -flag alone turns a true-or-false flag on. Durations look like 500ms, 30s or 1h30m. Regexes are RE2, comma-separated, and match anywhere in a name unless anchored with ^ and $."

export const commandHelp = (program: string, command: CommandSpec): string =>
  `${
    [
      `${program} ${command.name}: ${command.summary}`,
      section("Usage", [`  ${program} ${command.name} [flags]`]),
      ...command.details.map(paragraph),
      section("Example", command.example.split("\n").map((line) => `  ${line}`)),
      ...command.groups.map(({ flags, title }) =>
        section(title, Object.values(flags).map(flagHelp))
      ),
      paragraph(reading),
      "Exit codes: 0 done or stopped cleanly, 1 failed, 2 wrong usage."
    ].join("\n\n")
  }\n`

const columns = (rows: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> => {
  const first = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(first)}  ${right}`)
}

export const programHelp = (
  program: string,
  summary: string,
  commands: ReadonlyArray<CommandSpec>
): string =>
  `${
    [
      `${program}: ${summary}`,
      section("Usage", [`  ${program} <command> [flags]`]),
      section("Commands", columns(commands.map((command) => [command.name, command.summary]))),
      section(
        "Elsewhere",
        columns([
          ["<command> --help", "flags, environment variables and defaults of a command"],
          ["--version", "the version"],
          ["--completions <shell>", "a completion script for bash, fish or zsh"]
        ])
      )
    ].join("\n\n")
  }\n`
