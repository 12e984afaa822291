import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { makeAll, pruneDirectories } from "../../services/FileTreeLayer.ts"
import { temporaryDirectory } from "../support/TemporaryDirectory.ts"

const comers = 6
const rounds = 200

describe("directories", () => {
  it.scoped("are made beside others who remove them when they are empty", () =>
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      const comeAndGo = async (comer: number): Promise<void> => {
        const own = path.join(root, "archive", "topic", String(comer))
        for (let round = 0; round < rounds; round++) {
          await makeAll(own)
          await pruneDirectories(own, root)
        }
      }
      yield* Effect.promise(() =>
        Promise.all(Array.from({ length: comers }, (_, comer) => comeAndGo(comer)))
      )
      assert.deepStrictEqual(yield* Effect.promise(() => fs.readdir(root)), [])
    }))

  it.scoped("are not made where a file is in the way", () =>
    Effect.gen(function*() {
      const root = yield* temporaryDirectory
      yield* Effect.promise(() => fs.writeFile(path.join(root, "file"), ""))
      for (const [name, code] of [["file", "EEXIST"], ["file/below", "ENOTDIR"]] as const) {
        const refused = yield* Effect.promise(() =>
          makeAll(path.join(root, name)).then(() => undefined, (cause: unknown) => cause)
        )
        assert.propertyVal(refused, "code", code)
      }
    }))
})
