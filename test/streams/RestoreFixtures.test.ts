import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Compression } from "../../src/codec/Compression.ts"
import { fixtureBytes, fixtureForm, fixtureKeys, fixtureRecords } from "../support/Fixtures.ts"
import {
  createTarget,
  logRecords,
  plan,
  putObject,
  restore,
  world
} from "../support/RestoreHarness.ts"

const large = { "max.message.bytes": "10000000" }

describe("restoreTopics, from an archive of the original", () => {
  for (const compression of ["zstd", "lz4", "none"] satisfies ReadonlyArray<Compression>) {
    it.live(
      `restores what an independent reader finds in it (${compression})`,
      () =>
        Effect.gen(function*() {
          for (const key of fixtureKeys) yield* putObject(`backup/${key}`, fixtureBytes(key))
          yield* createTarget("orders.v1", 3, large)
          yield* plan()
          yield* restore({ compression })
          for (const partition of [0, 1, 2]) {
            const restored = yield* logRecords({ topic: "restored.orders.v1", partition })
            const found = restored.map(({ headers: [first, ...headers], key, timestamp, value }) =>
              fixtureForm({
                partition,
                offset: BigInt(first?.[1]?.toString() ?? "-1"),
                timestamp,
                key,
                value,
                headers
              })
            )
            const expected = fixtureKeys
              .filter((key) => key.startsWith(`orders.v1/${partition}/`))
              .flatMap((key) => fixtureRecords(key))
            assert.deepStrictEqual(found, expected)
          }
        }).pipe(Effect.provide(world)),
      60_000
    )
  }
})
