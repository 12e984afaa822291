import { assert, describe, it } from "@effect/vitest"
import { archiveSchema, layoutOf, originalSchema } from "../../src/codec/AvroSchema.ts"

describe("layoutOf", () => {
  it("knows the two schemas it reads directly", () => {
    assert.strictEqual(layoutOf(archiveSchema), "ours")
    assert.strictEqual(layoutOf(originalSchema), "original")
  })

  it("ignores what does not decide about bytes", () => {
    const dressed = archiveSchema
      .replace("\"long\"", "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}")
      .replace("\"string\"", "{\"type\":\"string\",\"avro.java.string\":\"String\"}")
      .replace("\"name\":\"key\"", "\"doc\":\"the key\",\"default\":null,\"name\":\"key\"")
      .replace("github.utilitywarehouse.kafka_backup_restore.KafkaRecord", "KafkaRecord")
    assert.strictEqual(layoutOf(dressed), "ours")
    assert.strictEqual(layoutOf(archiveSchema.replace(",\"default\":null", "")), "ours")
  })

  it("calls everything else foreign", () => {
    const others = [
      originalSchema.replace("\"long\"", "\"int\""),
      originalSchema.replace("[\"null\",\"bytes\"]", "[\"bytes\",\"null\"]"),
      originalSchema.replace("\"name\":\"offset\"", "\"name\":\"position\""),
      originalSchema.replace("\"map\",\"values\"", "\"array\",\"items\""),
      originalSchema.replace("\"values\":\"bytes\"", "\"values\":\"string\""),
      archiveSchema.replace("\"items\":\"int\"", "\"items\":\"long\""),
      "\"bytes\"",
      "{\"type\":\"record\",\"fields\":[]}",
      "{\"type\":\"record\",\"fields\":[null]}"
    ]
    for (const schema of others) assert.strictEqual(layoutOf(schema), "foreign", schema)
  })

  it("throws on what is no schema", () => {
    assert.throws(() => layoutOf("{"), /not JSON/)
    assert.throws(() => layoutOf("{\"type\":\"record\"}"), /no fields/)
  })
})
