/** What a command is: its texts, its flags by group, and what it does with their values. */
import { Effect, Either } from "effect"
import type { KafkaSettings } from "../../services/KafkaConnections.ts"
import type { Flag, FlagTable, Texts, Values } from "./Flag.ts"
import { parseTexts } from "./Flag.ts"
import { kafkaFlags } from "./KafkaFlags.ts"
import { kafkaSettings } from "./KafkaSettings.ts"
import type { OperationsValues, ReadingValues } from "./OperationsFlags.ts"
import { operationsFlags, readingFlags } from "./OperationsFlags.ts"
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

/** What commands know that look at an archive and leave Kafka alone. */
export interface ArchiveSettings<Own> {
  readonly own: Own
  readonly store: StoreSettings
  readonly operations: ReadingValues
}

export interface Settings<Own> extends ArchiveSettings<Own> {
  readonly kafka: KafkaSettings
  readonly operations: OperationsValues
}

/** The module that does a command's work: a help text or a wrong flag needs none of it. */
export interface WorkModule<Given, E> {
  readonly work: (settings: Given) => Effect.Effect<Totals | void, E>
}

type Checked<A> = Either.Either<A, ReadonlyArray<string>>

/** What is wrong with the values of a command's own flags taken together, a sentence each. */
type Check<Own extends FlagTable> = (values: Values<Own>) => ReadonlyArray<string>

const nothingWrong = () => []

const ownValues = <Own extends FlagTable>(own: Own, given: Texts, check: Check<Own>) =>
  Either.filterOrLeft(parseTexts(own, given), (values) => check(values).length === 0, check)

const storeValues = (given: Texts) => Either.flatMap(parseTexts(storeFlags, given), storeSettings)

/** All of them, or everything that is wrong with any. */
const together = <Parts extends Record<string, Checked<unknown>>>(parts: Parts) => {
  const problems = Object.values(parts).flatMap((part) => Either.isLeft(part) ? part.left : [])
  return problems.length > 0 ? Either.left(problems) : Either.all(parts)
}

/** `load` is called when all settings are found right. */
const commandOf = <Given extends ArchiveSettings<unknown>, E>(
  texts: CommandTexts,
  groups: CommandSpec["groups"],
  settingsOf: (given: Texts) => Checked<Given>,
  load: () => Promise<WorkModule<Given, E>>
): CommandSpec => {
  const flags: Record<string, Flag<unknown>> = {}
  for (const group of groups) Object.assign(flags, group.flags)
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

/** A command that works on an archive and a cluster. */
export const defineCommand = <Own extends FlagTable, E>(
  texts: CommandTexts,
  own: Own,
  load: () => Promise<WorkModule<Settings<Values<Own>>, E>>,
  check: Check<Own> = nothingWrong
): CommandSpec =>
  commandOf(
    texts,
    [
      { title: "What to do", flags: own },
      { title: "Archive", flags: storeFlags },
      { title: "Kafka", flags: kafkaFlags },
      { title: "Operations", flags: operationsFlags }
    ],
    (given) =>
      together({
        own: ownValues(own, given, check),
        store: storeValues(given),
        kafka: Either.flatMap(parseTexts(kafkaFlags, given), kafkaSettings),
        operations: parseTexts(operationsFlags, given)
      }),
    load
  )

/** What commands know that look at an archive, and at a cluster when they are told to. */
export interface ProofSettings<Own> extends ArchiveSettings<Own> {
  readonly kafka: KafkaSettings
}

/** A command that looks at an archive, and at a cluster when it is told to. */
export const defineProofCommand = <Own extends FlagTable, E>(
  texts: CommandTexts,
  own: Own,
  load: () => Promise<WorkModule<ProofSettings<Values<Own>>, E>>
): CommandSpec =>
  commandOf(
    texts,
    [
      { title: "What to prove", flags: own },
      { title: "Archive", flags: storeFlags },
      { title: "Kafka", flags: kafkaFlags },
      { title: "Operations", flags: readingFlags }
    ],
    (given) =>
      together({
        own: parseTexts(own, given),
        store: storeValues(given),
        kafka: Either.flatMap(parseTexts(kafkaFlags, given), kafkaSettings),
        operations: parseTexts(readingFlags, given)
      }),
    load
  )

/** A command that looks at an archive, and needs no cluster. */
export const defineArchiveCommand = <Own extends FlagTable, E>(
  texts: CommandTexts,
  own: Own,
  load: () => Promise<WorkModule<ArchiveSettings<Values<Own>>, E>>,
  check: Check<Own> = nothingWrong
): CommandSpec =>
  commandOf(
    texts,
    [
      { title: "What to show", flags: own },
      { title: "Archive", flags: storeFlags },
      { title: "Operations", flags: readingFlags }
    ],
    (given) =>
      together({
        own: ownValues(own, given, check),
        store: storeValues(given),
        operations: parseTexts(readingFlags, given)
      }),
    load
  )
