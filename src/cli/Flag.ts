/** What a flag is: one table of these drives parsing, help and `docs/CLI.md`. */
import { Either } from "effect"

export interface Flag<A> {
  readonly name: string
  readonly env: string
  /** As text, parsed like any other value. */
  readonly fallback: string
  /** One sentence without a full stop. */
  readonly description: string
  /** What stands for the value in help; empty for booleans. */
  readonly placeholder: string
  /** Left: what was expected, to follow "expected". */
  readonly parse: (text: string) => Either.Either<A, string>
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>

/** The typed values of a table, under the same keys. */
export type Values<T extends FlagTable> = {
  readonly [K in keyof T]: T[K] extends Flag<infer A> ? A : never
}

/** The raw texts of a table, under the same keys. */
export type Texts = Readonly<Record<string, string>>

export const isBoolean = (flag: Flag<unknown>): boolean => flag.placeholder === ""

const problemWith = (flag: Flag<unknown>, text: string, expected: string): string =>
  `invalid value ${JSON.stringify(text)} for -${flag.name} [env ${flag.env}]: expected ${expected}`

/** All values, or one sentence for each that is wrong. */
export const parseTexts = <T extends FlagTable>(
  table: T,
  texts: Texts
): Either.Either<Values<T>, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const entries = Object.entries(table).map(([key, flag]) => {
    const text = texts[key] ?? flag.fallback
    const parsed = flag.parse(text)
    if (Either.isLeft(parsed)) problems.push(problemWith(flag, text, parsed.left))
    return [key, Either.getOrUndefined(parsed)]
  })
  return problems.length > 0 ? Either.left(problems) : Either.right(Object.fromEntries(entries))
}
