/** Flags that hold RE2 expressions: comma-separated, matched anywhere in the name unless anchored. */
import { Either } from "effect"
import { RE2JS } from "re2js"
import type { NamePredicate } from "../domain/Settings.ts"
import type { Flag } from "./Flag.ts"
import type { FlagText } from "./FlagKinds.ts"
import { custom, splitList } from "./FlagKinds.ts"

const compile = (expression: string): Either.Either<NamePredicate, string> =>
  Either.try({
    try: () => {
      const regex = RE2JS.compile(expression)
      return (name: string) => regex.matcher(name).find()
    },
    catch: (error) => {
      const reason = error instanceof Error ? error.message : String(error)
      return `RE2 expressions, but ${JSON.stringify(expression)} is not one (${reason})`
    }
  })

/** One predicate per expression, in their order. */
const compileList = (value: string): Either.Either<ReadonlyArray<NamePredicate>, string> =>
  Either.flatMap(splitList(value), (expressions) => Either.all(expressions.map(compile)))

/** At least one expression; the order counts. */
export const orderedRegexes = (flag: FlagText): Flag<ReadonlyArray<NamePredicate>> =>
  custom(flag, "regexes", (value) =>
    Either.filterOrLeft(
      compileList(value),
      (predicates) => predicates.length > 0,
      () => "at least one RE2 expression (.* matches every name)"
    ))

const any = (predicates: ReadonlyArray<NamePredicate>): NamePredicate => (name) =>
  predicates.some((matches) => matches(name))

/** Names that match at least one of the expressions; there must be one. */
export const includeRegexes = (flag: FlagText): Flag<NamePredicate> => {
  const { parse, placeholder } = orderedRegexes(flag)
  return custom(flag, placeholder, (value) => Either.map(parse(value), any))
}

/** Names that match at least one of the expressions; none of them when the list is empty. */
export const excludeRegexes = (flag: FlagText): Flag<NamePredicate> =>
  custom(flag, "regexes", (value) => Either.map(compileList(value), any))
