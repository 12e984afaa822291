import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import type { TestMember } from "../support/GroupHarness.ts"
import { pass, Referee, startMember } from "../support/GroupHarness.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

type Event = "join" | "leave" | "grow" | "wait"

const events = fc.array(
  fc.record({
    event: fc.constantFrom<Event>("join", "join", "leave", "grow", "wait"),
    which: fc.nat(),
    seconds: fc.nat(4)
  }),
  { minLength: 4, maxLength: 9 }
)
const seeds = fc.sample(events, { numRuns: 6, seed: 4711 })

it.scoped.each(seeds)(
  "never two owners, and in the end no partition without one: %#",
  (history) =>
    Effect.gen(function*() {
      const cluster = yield* KafkaMemory.Cluster
      cluster.topics.create("t", 5)
      cluster.topics.create("u", 2)
      const referee = new Referee()
      let members: ReadonlyArray<TestMember> = [yield* startMember(referee, "m")]
      for (const [index, { event, seconds, which }] of history.entries()) {
        const chosen = members[which % members.length]
        if (event === "join") {
          const topics = which % 3 === 0 ? ["t", "u"] : ["t"]
          members = [...members, yield* startMember(referee, `m${index}`, { topics })]
        } else if (event === "leave" && chosen !== undefined && members.length > 1) {
          yield* chosen.close
          members = members.filter((each) => each !== chosen)
        } else if (event === "grow") {
          cluster.topics.grow("t", (cluster.topics.find("t")?.logs.length ?? 0) + 1 + (which % 3))
        }
        yield* pass(seconds)
      }
      yield* pass(60)
      const owned = yield* Effect.forEach(members, ({ membership }) => membership.owned)
      const wanted = new Set(members.flatMap(({ wants }) => wants))
      const total = [...wanted].reduce(
        (sum, topic) => sum + (cluster.topics.find(topic)?.logs.length ?? 0),
        0
      )
      assert.deepStrictEqual(referee.offences, [])
      assert.strictEqual(owned.flat().length, total)
      const shares = referee.shares()
      assert.deepStrictEqual(
        Object.fromEntries(members.map(({ name }) => [name, shares[name] ?? 0])),
        Object.fromEntries(members.map(({ name }, at) => [name, owned[at]?.length ?? 0]))
      )
      assert.notInclude(referee.events.map(([, what]) => what), "lost")
    }).pipe(Effect.provide(KafkaMemory.layer))
)
