/** The flags of `consumer-groups-restore`, and what they say together. */
import { Either } from "effect"
import type { RestoreGroupsOptions, SnapshotChoice } from "../domain/Settings.ts"
import { parseSnapshotTime } from "../domain/SnapshotTime.ts"
import { choiceFlags, choiceOf, choiceProblems } from "./ChoiceFlags.ts"
import type { Flag, Values } from "./Flag.ts"
import type { FlagText } from "./FlagKinds.ts"
import { boolean, choice, custom, duration, text } from "./FlagKinds.ts"
import {
  aliasProblems,
  eitherOf,
  excludeExpressions,
  includeExpressions
} from "./GroupRegexFlags.ts"
import { excludeRegexes } from "./RegexFlags.ts"
import { locationFlag, locationProblems } from "./StoreFlags.ts"

const snapshotChoice = (flag: FlagText): Flag<SnapshotChoice> =>
  custom(flag, "time", (value): Either.Either<SnapshotChoice, string> => {
    if (value === "") return Either.right({ kind: "main" })
    if (value.toLowerCase() === "latest") return Either.right({ kind: "latest" })
    const timeMs = parseSnapshotTime(value)
    return timeMs === undefined
      ? Either.left("latest, or a time in UTC such as 2026-11-22T20:05:00Z")
      : Either.right({ kind: "at", timeMs })
  })

/** A whole number, or nothing. */
const unusedNumber = (flag: FlagText): Flag<string> =>
  custom(
    flag,
    "number",
    (value) => /^([+-]?\d+)?$/.test(value) ? Either.right(value) : Either.left("a whole number")
  )

/** The default of `-group-id` of `topics-restore`. */
const usualPlanGroup = "pubsub.msk-data-keep-restore"

export const groupsRestoreFlags = {
  location: locationFlag(
    "Key of the snapshot that consumer-groups-backup has written. Must be given"
  ),
  snapshot: snapshotChoice([
    "snapshot",
    "SNAPSHOT",
    "",
    "Which snapshot: latest for the newest complete one of the history (without one, the object at -s3-location), or a time in UTC for the newest complete one of then or before; empty for the object at -s3-location, and with -to-time for the newest of that time or before"
  ]),
  groupsPrefix: text([
    "restore-groups-prefix",
    "RESTORE_GROUPS_PREFIX",
    "",
    "What to put in front of the names of restored groups, as for a rehearsal"
  ], "prefix"),
  topicsPrefix: text([
    "restore-topics-prefix",
    "RESTORE_TOPICS_PREFIX",
    "",
    "What topics-restore has put in front of the names of restored topics (its -restore-topic-prefix)"
  ], "prefix"),
  includeGroups: includeExpressions([
    "include-groups-regexes",
    "INCLUDE_GROUPS_REGEXES",
    ".*",
    "Consumer groups to restore, by their names in the snapshot"
  ]),
  includeAlias: includeExpressions([
    "include-regexes",
    "INCLUDE_REGEXES",
    ".*",
    "The same as -include-groups-regexes, under its older name"
  ]),
  excludeGroups: excludeExpressions([
    "exclude-groups-regexes",
    "EXCLUDE_GROUPS_REGEXES",
    "",
    "Consumer groups to leave out although they match"
  ]),
  excludeAlias: excludeExpressions([
    "exclude-regexes",
    "EXCLUDE_REGEXES",
    "",
    "The same as -exclude-groups-regexes, under its older name"
  ]),
  excludeTopics: excludeRegexes([
    "exclude-topics-regexes",
    "EXCLUDE_TOPICS_REGEXES",
    "",
    "Topics to leave out, by their names in the snapshot"
  ]),
  ...choiceFlags,
  archivePrefix: text([
    "s3-prefix",
    "S3_PREFIX",
    "",
    "What the keys of archive files begin with, to learn from the archive which records will still come; / for an archive without a prefix, empty to not ask it"
  ], "prefix"),
  planTopic: text([
    "plan-topic",
    "PLAN_TOPIC",
    "",
    "Topic of the plan that topics-restore follows, to learn from it which partitions are restored to their end; empty to not ask it"
  ], "topic"),
  planGroupId: text([
    "plan-group-id",
    "PLAN_GROUP_ID",
    "",
    `The -group-id of topics-restore; empty for its default, ${usualPlanGroup}`
  ], "name"),
  onAhead: choice(
    [
      "on-ahead",
      "ON_AHEAD",
      "",
      "What to do with a position ahead of what is restored, where neither archive nor plan says whether more comes: wait, latest (behind the last restored record, told as clamped) or fail; empty for wait, and with -once for latest"
    ],
    ["", "wait", "latest", "fail"],
    "policy"
  ),
  onMissingTopic: choice(
    [
      "on-missing-topic",
      "ON_MISSING_TOPIC",
      "skip",
      "What to do with a position whose topic or partition the target does not have: skip, wait or fail"
    ],
    ["skip", "wait", "fail"],
    "policy"
  ),
  loopInterval: duration(
    [
      "loop-interval",
      "LOOP_INTERVAL",
      "1m",
      "Time between two looks at the positions that have to wait"
    ],
    "positive"
  ),
  lookupBackwardsStep: unusedNumber([
    "lookup-backwards-step",
    "LOOKUP_BACKWARDS_STEP",
    "",
    "Accepted without effect: positions are found by search, not by going back in steps"
  ]),
  dryRun: boolean([
    "dry-run",
    "DRY_RUN",
    "false",
    "Commit nothing and wait for nothing, only report where each position would go"
  ]),
  output: choice(
    ["output", "OUTPUT", "table", "Form of the report on stdout: table or json"],
    ["table", "json"],
    "form"
  ),
  once: boolean([
    "once",
    "ONCE",
    "false",
    "Look once and exit, in place of waiting for what is still to be restored; what would have to wait fails"
  ])
}

export type GroupsRestoreValues = Values<typeof groupsRestoreFlags>

const include = {
  flag: groupsRestoreFlags.includeGroups,
  alias: groupsRestoreFlags.includeAlias
}
const exclude = {
  flag: groupsRestoreFlags.excludeGroups,
  alias: groupsRestoreFlags.excludeAlias
}

export const groupsRestoreProblems = (flags: GroupsRestoreValues): ReadonlyArray<string> => [
  ...locationProblems(flags),
  ...choiceProblems(flags),
  ...aliasProblems(include, flags.includeGroups, flags.includeAlias),
  ...aliasProblems(exclude, flags.excludeGroups, flags.excludeAlias),
  ...(flags.planGroupId !== "" && flags.planTopic === ""
    ? ["-plan-group-id [env PLAN_GROUP_ID] needs -plan-topic [env PLAN_TOPIC]"]
    : [])
]

/** A lone slash stands for the archive whose keys begin with nothing. */
const prefixOf = (value: string): string | undefined =>
  value === "" ? undefined : value === "/" ? "" : value

/** Records up to a time belong to positions of then. */
const snapshotOf = ({ snapshot, toTime }: GroupsRestoreValues): SnapshotChoice =>
  snapshot.kind === "main" && toTime !== undefined
    ? { kind: "at", timeMs: Number(toTime) }
    : snapshot

export const groupsRestoreOptions = (flags: GroupsRestoreValues): RestoreGroupsOptions => ({
  location: flags.location,
  snapshot: snapshotOf(flags),
  groupsPrefix: flags.groupsPrefix,
  topicsPrefix: flags.topicsPrefix,
  includeGroups: eitherOf(include, flags.includeGroups, flags.includeAlias),
  excludeGroups: eitherOf(exclude, flags.excludeGroups, flags.excludeAlias),
  excludeTopics: flags.excludeTopics,
  choice: choiceOf(flags),
  archivePrefix: prefixOf(flags.archivePrefix),
  plan: flags.planTopic === "" ? undefined : {
    topic: flags.planTopic,
    groupId: flags.planGroupId === "" ? usualPlanGroup : flags.planGroupId
  },
  onAhead: flags.onAhead !== "" ? flags.onAhead : flags.once ? "latest" : "wait",
  onMissingTopic: flags.onMissingTopic,
  loopIntervalMs: flags.loopInterval,
  dryRun: flags.dryRun,
  once: flags.once
})
