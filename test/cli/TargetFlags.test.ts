import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { parseTexts } from "../../src/cli/Flag.ts"
import { targetFlags, targetProblems } from "../../src/cli/TargetFlags.ts"

const parsed = (texts: Partial<Record<keyof typeof targetFlags, string>>) =>
  parseTexts(targetFlags, texts)
const problems = (texts: Parameters<typeof parsed>[0]) =>
  Either.match(parsed(texts), { onLeft: (all) => all, onRight: targetProblems })

describe("the flags for target topics", () => {
  it("take configs, whose values may be lists themselves", () => {
    const values = Either.getOrThrow(parsed({
      createTopics: "true",
      topicConfig: "retention.ms=-1, cleanup.policy=compact,delete,a.b=c=d"
    }))
    assert.deepStrictEqual(values.topicConfig, {
      "retention.ms": "-1",
      "cleanup.policy": "compact,delete",
      "a.b": "c=d"
    })
    assert.deepStrictEqual(targetProblems(values), [])
    assert.deepStrictEqual(problems({}), [])
  })

  it("refuse what has no name, and a name twice", () => {
    for (const topicConfig of ["compact", "=1", "a=1,a=2", "a=1,,b=2"]) {
      assert.include(
        problems({ createTopics: "true", topicConfig })[0],
        "-topic-config",
        topicConfig
      )
    }
  })

  it("refuse configs for topics that are not created", () => {
    assert.include(problems({ topicConfig: "a=1" })[0], "-create-topics")
  })
})
