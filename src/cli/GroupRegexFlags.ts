/** Flags that choose consumer groups by RE2 expressions, each under a newer and an older name. */
import { Either } from "effect"
import type { NamePredicate } from "../domain/Settings.ts"
import type { Flag } from "./Flag.ts"
import type { FlagText } from "./FlagKinds.ts"
import { custom } from "./FlagKinds.ts"
import { excludeRegexes, includeRegexes } from "./RegexFlags.ts"

export interface Expressions {
  readonly text: string
  readonly matches: NamePredicate
}

const withText = ({ parse, placeholder }: Flag<NamePredicate>, flag: FlagText): Flag<Expressions> =>
  custom(
    flag,
    placeholder,
    (text) => Either.map(parse(text), (matches) => ({ text, matches }))
  )

export const includeExpressions = (flag: FlagText) => withText(includeRegexes(flag), flag)
export const excludeExpressions = (flag: FlagText) => withText(excludeRegexes(flag), flag)

/** A flag and the other name for it; both have the same default, which counts as not given. */
export interface TwoNames {
  readonly flag: Flag<Expressions>
  readonly alias: Flag<Expressions>
}

const isGiven = ({ text }: Expressions, { fallback }: Flag<Expressions>): boolean =>
  text !== fallback

/** What was given under the one name or the other. */
export const eitherOf = (
  { flag }: TwoNames,
  value: Expressions,
  aliasValue: Expressions
): NamePredicate => isGiven(value, flag) ? value.matches : aliasValue.matches

/** What is wrong with two values, a sentence; none when they say the same. */
export const aliasProblems = (
  { alias, flag }: TwoNames,
  value: Expressions,
  aliasValue: Expressions
): ReadonlyArray<string> =>
  isGiven(value, flag) && isGiven(aliasValue, alias) && value.text !== aliasValue.text
    ? [
      `-${flag.name} [env ${flag.env}] and -${alias.name} [env ${alias.env}] are two names ` +
      `for the same, given ${JSON.stringify(value.text)} and ${JSON.stringify(aliasValue.text)}: ` +
      "give one of them"
    ]
    : []
