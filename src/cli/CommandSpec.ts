/** What a command is: its texts, its flags by group, and what it does with their values. */
import { Effect, Either } from "effect"
import type { KafkaSettings } from "../../services/KafkaConnections.ts"
import type { Flag, FlagTable, Texts, Values } from "./Flag.ts"
import { parseTexts } from "./Flag.ts"
import { kafkaFlags } from "./KafkaFlags.ts"
import { kafkaSettings } from "./KafkaSettings.ts"
import type { LongValues, OperationsValues, ProofValues, ReadingValues } from "./OperationsFlags.ts"
import { longFlags, operationsFlags, proofFlags, readingFlags } from "./OperationsFlags.ts"
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

/** The same for commands that say how far they are. */
export interface LongSettings<Own> extends Settings<Own> {
  readonly operations: LongValues
}

/** The module that does a command's work: a help text or a wrong flag needs none of it. */
export interface WorkModule<Given, E> {
  readonly work: (settings: Given) => Effect.Effect<Totals | void, E>
  /** What is safe when it is stopped now, and how to go on: the rest of a sentence. */
  readonly whenStopped?: (settings: Given) => string
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
            Effect.flatMap(([{ working }, { whenStopped, work }]) =>
              working(texts.name, settings, work(settings), whenStopped?.(settings))
            )
          )
      })
  }
}

/** What commands know of the archive, the cluster and how they run. */
interface ClusterSettings<Own, Operations> {
  readonly own: Own
  readonly store: StoreSettings
  readonly kafka: KafkaSettings
  readonly operations: Operations
}

interface OperationsTable<Values> {
  readonly flags: FlagTable
  readonly values: (given: Texts) => Checked<Values>
}

const clusterCommand = <Own extends FlagTable, Operations extends ReadingValues, E>(
  texts: CommandTexts,
  title: string,
  own: Own,
  operations: OperationsTable<Operations>,
  load: () => Promise<WorkModule<ClusterSettings<Values<Own>, Operations>, E>>,
  check: Check<Own>
): CommandSpec =>
  commandOf(
    texts,
    [
      { title, flags: own },
      { title: "Archive", flags: storeFlags },
      { title: "Kafka", flags: kafkaFlags },
      { title: "Operations", flags: operations.flags }
    ],
    (given) =>
      together({
        own: ownValues(own, given, check),
        store: storeValues(given),
        kafka: Either.flatMap(parseTexts(kafkaFlags, given), kafkaSettings),
        operations: operations.values(given)
      }),
    load
  )

/** A command that works on an archive and a cluster. */
export const defineCommand = <Own extends FlagTable, E>(
  texts: CommandTexts,
  own: Own,
  load: () => Promise<WorkModule<Settings<Values<Own>>, E>>,
  check: Check<Own> = nothingWrong
): CommandSpec =>
  clusterCommand(
    texts,
    "What to do",
    own,
    {
      flags: operationsFlags,
      values: (given) => parseTexts(operationsFlags, given)
    },
    load,
    check
  )

/** The same, for one that takes long and says how far it is. */
export const defineLongCommand = <Own extends FlagTable, E>(
  texts: CommandTexts,
  own: Own,
  load: () => Promise<WorkModule<LongSettings<Values<Own>>, E>>,
  check: Check<Own> = nothingWrong
): CommandSpec =>
  clusterCommand(
    texts,
    "What to do",
    own,
    {
      flags: longFlags,
      values: (given) => parseTexts(longFlags, given)
    },
    load,
    check
  )

/** What commands know that look at an archive, and at a cluster when they are told to. */
export type ProofSettings<Own> = ClusterSettings<Own, ProofValues>

/** A command that looks at an archive, and at a cluster when it is told to. */
export const defineProofCommand = <Own extends FlagTable, E>(
  texts: CommandTexts,
  own: Own,
  load: () => Promise<WorkModule<ProofSettings<Values<Own>>, E>>,
  check: Check<Own> = nothingWrong
): CommandSpec =>
  clusterCommand(
    texts,
    "What to prove",
    own,
    {
      flags: proofFlags,
      values: (given) => parseTexts(proofFlags, given)
    },
    load,
    check
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
