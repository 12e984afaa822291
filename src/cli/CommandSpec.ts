/** What a command is: its texts, its flags by group, and what it does with their values. */
import { Effect, Either } from "effect"
import type { KafkaSettings } from "../../services/KafkaConnections.ts"
import type { Flag, FlagTable, Texts, Values } from "./Flag.ts"
import { parseTexts } from "./Flag.ts"
import { kafkaFlags } from "./KafkaFlags.ts"
import { kafkaSettings } from "./KafkaSettings.ts"
import type { OperationsValues } from "./OperationsFlags.ts"
import { operationsFlags } from "./OperationsFlags.ts"
import type { Totals } from "./Progress.ts"
import type { CommandFailed } from "./Report.ts"
import type { StoreSettings } from "./StoreFlags.ts"
import { storeFlags, storeSettings } from "./StoreFlags.ts"
import { UsageError } from "./UsageError.ts"

export interface CommandTexts {
  readonly name: string
  /** One line, lower case, no full stop. */
  readonly summary: string
  /** Paragraphs. */
  readonly details: ReadonlyArray<string>
  /** A command line to copy. */
  readonly example: string
}

export interface CommandSpec extends CommandTexts {
  readonly groups: ReadonlyArray<{ readonly title: string; readonly flags: FlagTable }>
  /** All flags of all groups. */
  readonly flags: FlagTable
  /** Takes the texts under the keys of `flags`. Nothing is started before all are found right. */
  readonly run: (texts: Texts) => Effect.Effect<void, UsageError | CommandFailed>
}

export interface Settings<Own> {
  readonly own: Own
  readonly store: StoreSettings
  readonly kafka: KafkaSettings
  readonly operations: OperationsValues
}

/** The module that does a command's work: a help text or a wrong flag needs none of it. */
export interface WorkModule<Own, E> {
  readonly work: (settings: Settings<Own>) => Effect.Effect<Totals | void, E>
}

type Checked<A> = Either.Either<A, ReadonlyArray<string>>

/**
 * A command that works on an archive and a cluster. `load` is called when all settings are found
 * right. `check`: what is wrong with the values of its own flags taken together, a sentence each.
 */
export const defineCommand = <Own extends FlagTable, E>(
  texts: CommandTexts,
  own: Own,
  load: () => Promise<WorkModule<Values<Own>, E>>,
  check: (values: Values<Own>) => ReadonlyArray<string> = () => []
): CommandSpec => {
  const groups = [
    { title: "What to do", flags: own },
    { title: "Archive", flags: storeFlags },
    { title: "Kafka", flags: kafkaFlags },
    { title: "Operations", flags: operationsFlags }
  ]
  const flags: Record<string, Flag<unknown>> = {}
  for (const group of groups) Object.assign(flags, group.flags)

  const settingsOf = (given: Texts): Checked<Settings<Values<Own>>> => {
    const parts = {
      own: Either.filterOrLeft(
        parseTexts(own, given),
        (values) => check(values).length === 0,
        check
      ),
      store: Either.flatMap(parseTexts(storeFlags, given), storeSettings),
      kafka: Either.flatMap(parseTexts(kafkaFlags, given), kafkaSettings),
      operations: parseTexts(operationsFlags, given)
    }
    const checks: ReadonlyArray<Checked<unknown>> = Object.values(parts)
    const problems = checks.flatMap((part) => Either.isLeft(part) ? part.left : [])
    return problems.length > 0 ? Either.left(problems) : Either.all(parts)
  }

  return {
    ...texts,
    groups,
    flags,
    run: (given) =>
      Either.match(settingsOf(given), {
        onLeft: (problems) => Effect.fail(new UsageError({ command: texts.name, problems })),
        onRight: (settings) =>
          Effect.promise(() => Promise.all([import("./Working.ts"), load()])).pipe(
            Effect.flatMap(([{ working }, { work }]) =>
              working(texts.name, settings, work(settings))
            )
          )
      })
  }
}
