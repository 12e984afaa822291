/** `restore`: the whole way back in one process. */
import { Either } from "effect"
import { obstacleKinds } from "../../domain/ObstacleKind.ts"
import { choiceFlags, choiceProblems, maxBytesPerSecondFlag } from "../ChoiceFlags.ts"
import { defineLongCommand } from "../CommandSpec.ts"
import type { Flag } from "../Flag.ts"
import type { FlagText } from "../FlagKinds.ts"
import { boolean, choice, custom, splitList, text } from "../FlagKinds.ts"
import { excludeRegexes } from "../RegexFlags.ts"
import { generationFlag, locationFlag, prefixFlag } from "../StoreFlags.ts"
import { targetFlags, targetProblems } from "../TargetFlags.ts"
import { topicsPlanRestoreFlags } from "./topicsPlanRestore.ts"
import { topicsRestoreFlags } from "./topicsRestore.ts"

const acceptFlag = (flag: FlagText): Flag<ReadonlySet<string>> =>
  custom(
    flag,
    "kinds",
    (value) =>
      Either.flatMap(splitList(value), (kinds) =>
        kinds.every((kind) =>
            obstacleKinds.some((known) => known === kind)
          )
          ? Either.right(new Set(kinds))
          : Either.left(`some of ${obstacleKinds.join(", ")}`))
  )

export const restoreFlags = {
  restoreTopicsRegex: topicsPlanRestoreFlags.restoreTopicsRegex,
  excludeTopicsRegex: topicsPlanRestoreFlags.excludeTopicsRegex,
  prefix: prefixFlag(""),
  topicPrefix: text(
    [
      "restore-topic-prefix",
      "RESTORE_TOPIC_PREFIX",
      "",
      "What to put in front of the names of restored topics, as for a rehearsal"
    ],
    "prefix"
  ),
  ...choiceFlags,
  generation: generationFlag,
  ...targetFlags,
  holdRetention: boolean([
    "hold-retention",
    "HOLD_RETENTION",
    "false",
    "Raise retention of targets that would delete old records as they arrive, and put it back when all is restored; also after a crash, at the next start"
  ]),
  failOnExistingData: topicsRestoreFlags.failOnExistingData,
  compressionType: topicsRestoreFlags.compressionType,
  maxBytesPerSecond: maxBytesPerSecondFlag,
  location: locationFlag(
    "Key of the snapshot of consumer groups, to put them back too; empty to leave groups out"
  ),
  excludeGroups: excludeRegexes([
    "exclude-groups-regexes",
    "EXCLUDE_GROUPS_REGEXES",
    "",
    "Consumer groups to leave out"
  ]),
  accept: acceptFlag([
    "accept",
    "ACCEPT",
    "",
    `Kinds of obstacles to go on with: ${
      obstacleKinds.join(", ")
    }; what then cannot be restored stops only its own partition`
  ]),
  verify: boolean([
    "verify",
    "VERIFY",
    "true",
    "Compare what is restored with the archive at the end, record by record"
  ]),
  dryRun: boolean([
    "dry-run",
    "DRY_RUN",
    "false",
    "Only look: print what would be restored and what is in the way, write nothing"
  ]),
  output: choice(
    ["output", "OUTPUT", "table", "Form of the report on stdout: table or json"],
    ["table", "json"],
    "format"
  )
}

export const restore = defineLongCommand(
  {
    name: "restore",
    summary: "put topics and groups back, in one go",
    details: [
      "Looks at archive and cluster first and names all that would stop the restore later, with exit code 1 and nothing written. Then restores the topics, puts the consumer groups back when -s3-location names their snapshot, compares what is restored with the archive, and prints what came of it. It needs no plan topic, and one process is enough.",
      "Stopped at any moment and run again it goes on: each record is restored once. To share a restore among hosts, use topics-plan-restore and topics-restore."
    ],
    example:
      "kafka-data-keep restore -brokers kafka:9092 -s3-bucket my-backups -s3-prefix topics \\\n    -s3-location consumer-groups.avro -dry-run"
  },
  restoreFlags,
  () => import("../work/restore.ts"),
  (flags) => [...choiceProblems(flags), ...targetProblems(flags)]
)
