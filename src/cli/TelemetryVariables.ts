/** Reads values of variables, with a default for each that is missing or wrong, and remembers the wrong ones. */
import type { VariableProblem } from "../../services/Telemetry.ts"

/** Each reader takes the name of a variable and never fails. */
export interface Variables {
  /** Empty when it is not set. */
  readonly text: (name: string) => string
  readonly integer: (name: string, fallback: number, least: number) => number
  /** From 0 to 1. */
  readonly ratio: (name: string, fallback: number) => number
  /** `explain` may say more about a value that is not among the choices. */
  readonly choice: <const Choice extends string>(
    name: string,
    choices: ReadonlyArray<Choice>,
    fallback: NoInfer<Choice>,
    explain?: (value: string) => string | undefined
  ) => Choice
  /** A new one each time. */
  readonly url: (name: string) => URL | undefined
  readonly file: (name: string) => string | undefined
  /** `name=value,name=value`, percent-encoded; nothing at all if anything in it is wrong. */
  readonly pairs: (name: string) => Readonly<Record<string, string>>
  /** Pairs that are HTTP headers; their values are secrets. */
  readonly headers: (name: string) => Readonly<Record<string, string>>
  /** Notes a variable that is set to anything but this. */
  readonly expect: (name: string, accepted: string) => void
  readonly problems: () => ReadonlyArray<VariableProblem>
}

/** Timers of Node end here. */
const greatest = 2 ** 31 - 1

/** A user and password in an address stay out of the log. */
const shownUrl = (value: string): string => value.replace(/\/\/[^/@]*@/, "//…@")

const httpUrl = (value: string): URL | undefined => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  return url?.protocol === "http:" || url?.protocol === "https:" ? url : undefined
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return undefined
  }
}

const pairsOf = (text: string): Readonly<Record<string, string>> | undefined => {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "").map((pair) => {
    const at = pair.indexOf("=")
    return [decoded(pair.slice(0, Math.max(at, 0))), decoded(pair.slice(at + 1))] as const
  })
  const found: Record<string, string> = {}
  for (const [name, value] of pairs) {
    if (name === undefined || name === "" || value === undefined) return undefined
    found[name] = value
  }
  return found
}

/** RFC 9110, section 5: a token, and visible characters with blanks between them. */
const isHeader = ([name, value]: readonly [string, string]): boolean =>
  /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

export const makeVariables = (values: ReadonlyMap<string, string>): Variables => {
  const problems = new Map<string, VariableProblem>()
  const text = (name: string) => values.get(name) ?? ""
  const wrong = (variable: string, problem: string, value = text(variable)) =>
    void problems.set(variable, { variable, value, problem })

  const number = (
    name: string,
    fallback: number,
    problem: string,
    fits: (n: number) => boolean
  ) => {
    const value = text(name)
    if (value === "") return fallback
    const given = Number(value)
    if (fits(given)) return given
    wrong(name, `${problem}; ${fallback} is used`)
    return fallback
  }

  const pairs = (
    name: string,
    secret: boolean,
    good: (pair: readonly [string, string]) => boolean
  ) => {
    const found = pairsOf(text(name))
    if (found !== undefined && Object.entries(found).every(good)) return found
    const problem = "not a list of name=value, percent-encoded; all of it is left out"
    wrong(name, problem, secret ? "…" : text(name))
    return {}
  }

  return {
    text,
    integer: (name, fallback, least) =>
      number(
        name,
        fallback,
        `not a whole number from ${least} to ${greatest}`,
        (given) => Number.isInteger(given) && given >= least && given <= greatest
      ),
    ratio: (name, fallback) =>
      number(name, fallback, "not a number from 0 to 1", (given) => given >= 0 && given <= 1),
    choice: (name, choices, fallback, explain) => {
      const value = text(name).toLowerCase()
      if (value === "") return fallback
      const chosen = choices.find((choice) => choice === value)
      if (chosen !== undefined) return chosen
      const problem = `not one of ${choices.join(", ")}; ${fallback} is used`
      wrong(name, explain?.(value) ?? problem)
      return fallback
    },
    url: (name) => {
      if (text(name) === "") return undefined
      const url = httpUrl(text(name))
      if (url === undefined) {
        wrong(name, "not an http or https address; it is left out", shownUrl(text(name)))
      }
      return url
    },
    file: (name) => text(name) === "" ? undefined : text(name),
    pairs: (name) => pairs(name, false, () => true),
    headers: (name) => pairs(name, true, isHeader),
    expect: (name, accepted) => {
      const value = text(name)
      if (value === "" || value.toLowerCase() === accepted) return
      wrong(name, accepted === "" ? "not supported" : `not supported; ${accepted} is used`)
    },
    problems: () => [...problems.values()]
  }
}
