import { assert, describe, it } from "@effect/vitest"
import {
  archiveKey,
  branchRoot,
  generationRoot,
  homeRoots,
  joinPath,
  metaKey,
  parseArchiveKey,
  parseLaterRoot
} from "../../src/domain/ArchiveKey.ts"

const orders = { topic: "orders", partition: 3 }

describe("keys of archive files", () => {
  it("joins parts as Go's path.Join", () => {
    assert.strictEqual(joinPath("", "orders", "3"), "orders/3")
    assert.strictEqual(joinPath("a//b/", "orders"), "a/b/orders")
    assert.strictEqual(joinPath("/a", "orders"), "/a/orders")
    assert.strictEqual(joinPath("a/./b/../c", "d"), "a/c/d")
    assert.strictEqual(joinPath("a/..", "../d"), "../d")
    assert.strictEqual(joinPath("", ""), "")
    assert.strictEqual(joinPath("a/.."), ".")
  })

  it("pads the offset of the first record to 19 digits", () => {
    assert.strictEqual(
      archiveKey("msk-backup", orders, 42n),
      "msk-backup/orders/3/orders-3-0000000000000000042.avro"
    )
    assert.strictEqual(
      archiveKey("", orders, 9223372036854775807n),
      "orders/3/orders-3-9223372036854775807.avro"
    )
  })

  it("reads back what it wrote, whatever the topic is called", () => {
    for (const topic of ["orders", "a-1", "x.y_z", "0", "-1-"]) {
      for (const root of ["", "p", "p/q", generationRoot("p", "Xy-0_")]) {
        const key = archiveKey(root, { topic, partition: 12 }, 7n)
        assert.deepStrictEqual(parseArchiveKey(key), {
          root,
          topic,
          partition: 12,
          firstOffset: 7n
        })
      }
    }
  })

  it("refuses keys that are no archive file's or contradict themselves", () => {
    const good = "p/orders/3/orders-3-0000000000000000042.avro"
    assert.isDefined(parseArchiveKey(good))
    for (
      const bad of [
        "p/orders/3/orders-3-42.avro",
        "p/orders/3/orders-4-0000000000000000042.avro",
        "p/orders/3/payments-3-0000000000000000042.avro",
        "p/orders/03/orders-03-0000000000000000042.avro",
        `${good}.tmp`,
        "p/readme.txt"
      ]
    ) assert.isUndefined(parseArchiveKey(bad), bad)
  })

  it("keeps sidecars out of the prefix, also of an empty one", () => {
    assert.strictEqual(metaKey("p/", "probe", "t"), "p.meta/probe/t")
    assert.strictEqual(metaKey("", "probe", "t"), "kafka-data-keep.meta.probe.t")
  })
})

describe("roots beside the prefix", () => {
  const id = "dFKCFU4hRMGow8wJb-FLvA"

  it("are told apart", () => {
    const root = generationRoot("a/p", id)
    assert.deepStrictEqual(parseLaterRoot(root), {
      root,
      prefix: "a/p",
      topicId: id,
      leaderEpoch: undefined
    })
    assert.strictEqual(parseLaterRoot(branchRoot("a/p", id, 12))?.leaderEpoch, 12)
    for (const other of ["a/p", "a/p.generations", `a/p.generations/${id}.x`, `a/p/${id}.1`]) {
      assert.isUndefined(parseLaterRoot(other), other)
    }
  })

  it("of a branch lead to those that it may continue", () => {
    assert.deepStrictEqual(homeRoots("p"), ["p"])
    assert.deepStrictEqual(homeRoots(generationRoot("p", id)), [generationRoot("p", id)])
    assert.deepStrictEqual(homeRoots(branchRoot("p", id, 0)), ["p", generationRoot("p", id)])
  })
})
