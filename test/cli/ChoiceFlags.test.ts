import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { choiceFlags, choiceOf, choiceProblems } from "../../src/cli/ChoiceFlags.ts"
import { parseTexts } from "../../src/cli/Flag.ts"
import { everything } from "../../src/domain/RestoreChoice.ts"

type Texts = Partial<Record<keyof typeof choiceFlags, string>>

const parsed = (texts: Texts) => parseTexts(choiceFlags, texts)
const chosen = (texts: Texts) => Either.getOrThrow(Either.map(parsed(texts), choiceOf))
const problems = (texts: Texts) =>
  Either.match(parsed(texts), { onLeft: (all) => all, onRight: choiceProblems })

describe("the flags that choose", () => {
  it("choose everything by default", () => {
    assert.deepStrictEqual(chosen({}), everything)
  })

  it("take lists", () => {
    assert.deepStrictEqual(
      chosen({
        rename: "orders=bestellungen, a.b=a.c",
        partitions: "orders:0,orders:12,a.b:1",
        toOffset: "orders:0=1200,orders-dlq:3=0",
        fromTime: "1970-01-01T00:00:01Z",
        toTime: "2000"
      }),
      {
        rename: new Map([["orders", "bestellungen"], ["a.b", "a.c"]]),
        partitions: new Map([["orders", new Set([0, 12])], ["a.b", new Set([1])]]),
        toOffsets: new Map([["orders-0", 1200n], ["orders-dlq-3", 0n]]),
        fromTimeMs: 1000n,
        toTimeMs: 2000n
      }
    )
  })

  it("say what is wrong", () => {
    const wrong: ReadonlyArray<readonly [Texts, RegExp]> = [
      [{ rename: "orders" }, /-rename .*expected a list such as old=new/],
      [{ rename: "a=x,b=x" }, /each old and each new name once/],
      [{ rename: "a=x,a=y" }, /each old and each new name once/],
      [{ partitions: "orders" }, /-partitions .*such as orders:0/],
      [{ partitions: "orders:0,,orders:1" }, /without empty elements/],
      [{ toOffset: "orders:0" }, /-to-offset .*such as orders:0=1200/],
      [{ toOffset: "orders:0=1,orders:0=2" }, /each partition once/],
      [{ fromTime: "yesterday" }, /-from-time .*expected a time such as/],
      [{ fromTime: "2000", toTime: "2000" }, /-to-time must be later than -from-time/]
    ]
    for (const [texts, message] of wrong) assert.match(problems(texts).join("; "), message)
  })
})
