/** Makers of flags by the kind of value that they take. */
import { Either } from "effect"
import { parseGoBoolean } from "../domain/GoBoolean.ts"
import { parseGoDuration } from "../domain/GoDuration.ts"
import { parseSnapshotTime } from "../domain/SnapshotTime.ts"
import type { Flag } from "./Flag.ts"

/** Name, environment variable, default and description. */
export type FlagText = readonly [name: string, env: string, fallback: string, description: string]

export const custom = <A>(
  [name, env, fallback, description]: FlagText,
  placeholder: string,
  parse: (text: string) => Either.Either<A, string>
): Flag<A> => ({ name, env, fallback, description, placeholder, parse })

const parsed = <A>(value: A | undefined, expected: string): Either.Either<A, string> =>
  value === undefined ? Either.left(expected) : Either.right(value)

export const text = (flag: FlagText, placeholder = "text"): Flag<string> =>
  custom(flag, placeholder, Either.right)

/** Text that must not be empty. */
export const name = (flag: FlagText, placeholder = "name"): Flag<string> =>
  custom(
    flag,
    placeholder,
    (value) => parsed(value === "" ? undefined : value, "a name, not an empty text")
  )

export const boolean = (flag: FlagText): Flag<boolean> =>
  custom(flag, "", (value) => parsed(parseGoBoolean(value), "true or false"))

export const integer = (
  flag: FlagText,
  range: { readonly min: number; readonly max: number; readonly placeholder?: string }
): Flag<number> =>
  custom(flag, range.placeholder ?? "number", (value) => {
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : undefined
    const within = number !== undefined && number >= range.min && number <= range.max
    return parsed(within ? number : undefined, `a whole number from ${range.min} to ${range.max}`)
  })

/** Empty: `undefined`. */
export const optionalInteger = (
  flag: FlagText,
  range: { readonly min: number; readonly max: number }
): Flag<number | undefined> => {
  const { parse, placeholder } = integer(flag, range)
  return custom(flag, placeholder, (value) => value === "" ? Either.right(undefined) : parse(value))
}

/** 0 takes any free port. */
export const port = (flag: FlagText): Flag<number> =>
  integer(flag, { min: 0, max: 65_535, placeholder: "port" })

/** Milliseconds from a Go duration; never negative. */
export const duration = (flag: FlagText, least: "zero" | "positive" = "zero"): Flag<number> =>
  custom(flag, "duration", (value) => {
    const ms = parseGoDuration(value)
    const within = ms !== undefined && (least === "zero" ? ms >= 0 : ms > 0)
    return parsed(
      within ? ms : undefined,
      `a ${least === "zero" ? "" : "positive "}duration such as 30s, 5m or 1h30m`
    )
  })

/** One of the choices, letter case ignored; the value has the case of the choice. */
export const choice = <const Choices extends ReadonlyArray<string>>(
  flag: FlagText,
  choices: Choices,
  placeholder: string
): Flag<Choices[number]> =>
  custom(flag, placeholder, (value) => {
    const found = choices.find((choice) => choice.toLowerCase() === value.toLowerCase())
    return parsed<Choices[number]>(
      found,
      `one of ${choices.filter((choice) => choice !== "").join(", ")}`
    )
  })

/** Milliseconds since the epoch; empty: `undefined`. Finer than a millisecond is cut off. */
export const instant = (flag: FlagText): Flag<bigint | undefined> =>
  custom(flag, "time", (value) => {
    if (value === "") return Either.right(undefined)
    if (/^\d+$/.test(value)) return Either.right(BigInt(value))
    const timeMs = parseSnapshotTime(value)
    return timeMs === undefined
      ? Either.left("a time such as 2026-11-22T20:05:00Z, or milliseconds since the epoch")
      : Either.right(BigInt(timeMs))
  })

/** An offset of a partition; empty: `undefined`. */
export const offset = (flag: FlagText): Flag<bigint | undefined> =>
  custom(flag, "offset", (value) => {
    if (value === "") return Either.right(undefined)
    return /^\d{1,19}$/.test(value)
      ? Either.right(BigInt(value))
      : Either.left("an offset, a whole number from 0 on")
  })

/** Comma-separated and trimmed. An empty text is an empty list; an empty element is wrong. */
export const splitList = (value: string): Either.Either<ReadonlyArray<string>, string> => {
  if (value.trim() === "") return Either.right([])
  const parts = value.split(",").map((part) => part.trim())
  return parts.includes("")
    ? Either.left("a comma-separated list without empty elements")
    : Either.right(parts)
}
