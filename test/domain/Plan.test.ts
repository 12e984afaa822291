import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { parseArchiveKey } from "../../src/domain/ArchiveKey.ts"
import type { PlannedFile, PlanRecord } from "../../src/domain/Plan.ts"
import { fromPlanRecord, toPlanRecord } from "../../src/domain/Plan.ts"

const key = "backup/orders/3/orders-3-0000000000000000042.avro"
const sha = "ab".repeat(32)
const planned: PlannedFile = {
  topic: "orders",
  partition: 3,
  key,
  archive: parseArchiveKey(key)!,
  index: 7,
  topicsSha: sha
}
const record = toPlanRecord(planned)

const refused = (changed: Partial<PlanRecord>) =>
  Either.flip(fromPlanRecord({ ...record, ...changed })).pipe(Either.getOrThrow)

describe("plan records", () => {
  it("are written as the original writes them", () => {
    assert.strictEqual(record.key?.toString(), "backup/orders/3/")
    assert.strictEqual(record.value?.toString(), key)
    assert.deepStrictEqual(
      record.headers.map(([name, value]) => [name.toString(), value?.toString()]),
      [["plan-restore.partition-file-index", "7"], ["plan-restore.topics-sha", sha]]
    )
  })

  it("are read back", () => {
    assert.deepStrictEqual(fromPlanRecord(record), Either.right(planned))
  })

  it("say what is wrong with a value that is no archive file, for nobody in particular", () => {
    const error = refused({ value: Buffer.from("backup/orders/readme.txt") })
    assert.match(error.message, /not the key of an archive file: "backup\/orders\/readme.txt"/)
    assert.isUndefined(error.source)
    assert.match(refused({ value: null }).message, /null/)
  })

  it("say for which partition the rest is wrong", () => {
    const error = refused({ key: Buffer.from("backup/orders/4/") })
    assert.match(error.message, /key "backup\/orders\/4\/" is not the folder/)
    assert.deepStrictEqual(error.source, { topic: "orders", partition: 3 })
    assert.match(refused({ headers: [] }).message, /partition-file-index is missing/)
    const zero = refused({ headers: [[record.headers[0]![0], Buffer.from("0")]] })
    assert.match(zero.message, /partition-file-index is 0, not a number from 1/)
    const unsure = refused({ headers: [record.headers[0]!, [record.headers[1]![0], null]] })
    assert.match(unsure.message, /topics-sha is missing/)
  })
})
