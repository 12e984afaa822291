import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { parseTexts } from "../../src/cli/Flag.ts"
import {
  groupsRestoreFlags,
  groupsRestoreOptions,
  groupsRestoreProblems
} from "../../src/cli/GroupsRestoreFlags.ts"
import { everything } from "../../src/domain/RestoreChoice.ts"

type Texts = Partial<Record<keyof typeof groupsRestoreFlags, string>>

const valuesOf = (texts: Texts) =>
  Either.getOrThrowWith(
    parseTexts(groupsRestoreFlags, { location: "groups.avro", ...texts }),
    (problems) => new Error(problems.join("; "))
  )

const optionsOf = (texts: Texts = {}) => groupsRestoreOptions(valuesOf(texts))
const problemsOf = (texts: Texts) => groupsRestoreProblems(valuesOf(texts))

describe("what the flags of consumer-groups-restore say", () => {
  it("by default: every group, the main object, waiting, nothing known", () => {
    const { excludeGroups, excludeTopics, includeGroups, ...rest } = optionsOf()
    assert.deepStrictEqual(rest, {
      location: "groups.avro",
      snapshot: { kind: "main" },
      groupsPrefix: "",
      topicsPrefix: "",
      choice: everything,
      archivePrefix: undefined,
      plan: undefined,
      onAhead: "wait",
      onMissingTopic: "skip",
      loopIntervalMs: 60_000,
      dryRun: false,
      once: false
    })
    assert.deepStrictEqual(
      [includeGroups("any"), excludeGroups("any"), excludeTopics("any")],
      [true, false, false]
    )
  })

  it("records up to a time take the positions of then, unless a snapshot is named", () => {
    const toTime = "2026-11-22T20:00:00Z"
    const timeMs = Date.parse(toTime)
    assert.deepStrictEqual(optionsOf({ toTime }).snapshot, { kind: "at", timeMs })
    assert.deepStrictEqual(optionsOf({ toTime, snapshot: "latest" }).snapshot, { kind: "latest" })
    assert.strictEqual(optionsOf({ toTime }).choice.toTimeMs, BigInt(timeMs))
  })

  it("the policy for what is ahead depends on -once", () => {
    assert.strictEqual(optionsOf({ once: "true" }).onAhead, "latest")
    assert.strictEqual(optionsOf({ once: "true", onAhead: "WAIT" }).onAhead, "wait")
    assert.strictEqual(optionsOf({ onAhead: "fail" }).onAhead, "fail")
  })

  it("either name of a flag counts", () => {
    for (const include of ["includeGroups", "includeAlias"] as const) {
      const { includeGroups } = optionsOf({ [include]: "^pay,^bill" })
      assert.deepStrictEqual(["billing", "shipping"].map(includeGroups), [true, false])
    }
    for (const exclude of ["excludeGroups", "excludeAlias"] as const) {
      const { excludeGroups } = optionsOf({ [exclude]: "^pay,^bill" })
      assert.deepStrictEqual(["billing", "shipping"].map(excludeGroups), [true, false])
    }
  })

  it("both names of a flag must agree", () => {
    assert.deepStrictEqual(problemsOf({ includeGroups: "a", includeAlias: "a" }), [])
    assert.deepStrictEqual(problemsOf({ includeGroups: "a", includeAlias: "b" }), [
      "-include-groups-regexes [env INCLUDE_GROUPS_REGEXES] and -include-regexes " +
      "[env INCLUDE_REGEXES] are two names for the same, given \"a\" and \"b\": give one of them"
    ])
    assert.strictEqual(problemsOf({ excludeGroups: "a", excludeAlias: "b" }).length, 1)
  })

  it("the archive may have no prefix", () => {
    assert.strictEqual(optionsOf({ archivePrefix: "topics" }).archivePrefix, "topics")
    assert.strictEqual(optionsOf({ archivePrefix: "/" }).archivePrefix, "")
  })

  it("the plan has a usual group, and a group needs a plan", () => {
    assert.deepStrictEqual(optionsOf({ planTopic: "plan" }).plan, {
      topic: "plan",
      groupId: "pubsub.msk-data-keep-restore"
    })
    assert.deepStrictEqual(optionsOf({ planTopic: "plan", planGroupId: "g" }).plan, {
      topic: "plan",
      groupId: "g"
    })
    assert.strictEqual(problemsOf({ planGroupId: "g" }).length, 1)
  })

  it("the snapshot is the newest, or one of a time", () => {
    assert.deepStrictEqual(optionsOf({ snapshot: "Latest" }).snapshot, { kind: "latest" })
    assert.deepStrictEqual(optionsOf({ snapshot: "2026-11-22T20:05Z" }).snapshot, {
      kind: "at",
      timeMs: Date.UTC(2026, 10, 22, 20, 5)
    })
    assert.isTrue(Either.isLeft(parseTexts(groupsRestoreFlags, { snapshot: "yesterday" })))
  })

  it("a location must be given", () => {
    assert.include(problemsOf({ location: "" })[0], "-s3-location [env S3_LOCATION]")
  })

  it("-lookup-backwards-step is a number that nothing depends on", () => {
    assert.strictEqual(valuesOf({ lookupBackwardsStep: "1000" }).lookupBackwardsStep, "1000")
    assert.isTrue(Either.isLeft(parseTexts(groupsRestoreFlags, { lookupBackwardsStep: "far" })))
    assert.isTrue(Either.isLeft(parseTexts(groupsRestoreFlags, { loopInterval: "0" })))
  })
})
