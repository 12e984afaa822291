import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { Buffer } from "node:buffer"
import { containerHeader } from "../../src/codec/ContainerWriter.ts"
import {
  factsFromContainer,
  factsFromMetadata,
  factsToContainer,
  factsToMetadata
} from "../../src/codec/FactsMetadata.ts"
import type { FileFacts } from "../../src/domain/FileFacts.ts"
import { someFacts } from "../support/Containers.ts"

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const count = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER })
const anyFacts: fc.Arbitrary<FileFacts> = fc.record({
  formatVersion: count,
  clusterId: fc.oneof(fc.constant("4L6g3nShT-eMCtK--X86sw"), fc.string()),
  topicId: fc.constant("tHmaJeUiSxqfTVF8KAQYHg"),
  partitionCount: count,
  timestampType: fc.constantFrom("CreateTime", "LogAppendTime"),
  coverageStart: int64,
  coverageNext: int64,
  recordCount: count,
  largestRecord: count,
  minTimestamp: int64,
  maxTimestamp: int64,
  firstLeaderEpoch: count,
  lastLeaderEpoch: count,
  gaps: fc.record({
    compacted: count,
    control: count,
    aborted: count,
    deleted: count,
    unknown: count
  })
})

const inContainer = (facts: FileFacts) =>
  new Map(factsToContainer(facts).map(([name, value]) => [name, Buffer.from(value)]))

describe("file facts as metadata", () => {
  it("come back as they were", () => {
    fc.assert(fc.property(anyFacts, (facts) => {
      assert.deepStrictEqual(factsFromContainer(inContainer(facts)), facts)
      assert.deepStrictEqual(factsFromMetadata(factsToMetadata(facts)), facts)
    }))
  })

  it("give headers of one length, whatever they are", () => {
    const sync = Buffer.alloc(16)
    fc.assert(fc.property(anyFacts, (facts) => {
      const { clusterId, topicId } = someFacts
      assert.strictEqual(
        containerHeader({ facts: { ...facts, clusterId, topicId }, sync }).length,
        containerHeader({ facts: someFacts, sync }).length
      )
    }))
  })

  it("fit into the metadata of an object: ASCII, lower case, 2 KB", () => {
    const metadata = factsToMetadata({ ...someFacts, clusterId: "Größe 7" })
    assert.match(Object.keys(metadata).join(""), /^[a-z-]+$/)
    assert.match(Object.values(metadata).join(""), /^[\x21-\x7e]+$/)
    assert.isBelow(Object.entries(metadata).flat().join("").length, 2048)
  })

  it("are none when one is missing or unreadable, and may have unknown company", () => {
    const metadata = factsToMetadata(someFacts)
    for (const name of Object.keys(metadata)) {
      const { [name]: _, ...rest } = metadata
      assert.strictEqual(factsFromMetadata(rest), undefined, name)
      if (name.endsWith("-id")) continue
      for (const bad of ["", "x", "9".repeat(20), "%"]) {
        assert.strictEqual(factsFromMetadata({ ...metadata, [name]: bad }), undefined, name)
      }
    }
    assert.deepStrictEqual(factsFromMetadata({ ...metadata, other: "1" }), someFacts)
    assert.strictEqual(factsFromContainer(new Map()), undefined)
  })
})
