import { assert, describe, it } from "@effect/vitest"
import { BufferError } from "../../services/DiskBuffer.ts"
import { KafkaError } from "../../services/Kafka.ts"
import { StoreError } from "../../services/ObjectStore.ts"
import { advice } from "../../src/cli/Advice.ts"

const aws = { kind: "s3", bucket: "b", region: "eu-west-1", endpoint: "" } as const
const directory = { kind: "directory", directory: "/archive" } as const

const kafka = (reason: KafkaError["reason"], cause: string) =>
  new KafkaError({ reason, operation: "connect", subject: "k:9092", cause })

const store = (reason: StoreError["reason"], operation: string, cause: string) =>
  new StoreError({ reason, operation, key: "a/b", cause: new Error(cause) })

describe("what a failure means to an operator", () => {
  const said: ReadonlyArray<readonly [unknown, string]> = [
    [
      advice(aws)(kafka("TLS_FAILED", "certificate has expired")),
      "Kafka cannot be reached with TLS at k:9092: certificate has expired; " +
      "check -brokers [env KAFKA_BROKERS], and the -kafka-tls and -kafka-mtls flags"
    ],
    [
      advice(aws)(kafka("SASL_AUTHENTICATION_FAILED", "Authentication failed")),
      "Kafka refuses the login at k:9092: Authentication failed; check the -kafka-sasl flags"
    ],
    [
      advice(aws)(kafka("GROUP_AUTHORIZATION_FAILED", "")),
      "Kafka does not permit it: connect k:9092: GROUP_AUTHORIZATION_FAILED; give this user the right"
    ],
    [
      advice(aws)(kafka("OFFSET_OUT_OF_RANGE", "")),
      "connect k:9092: OFFSET_OUT_OF_RANGE"
    ],
    [
      advice(aws)(store("Unreachable", "check", "no route.")),
      "the object store cannot be reached at AWS in eu-west-1: no route; " +
      "check -s3-endpoint [env AWS_ENDPOINT_URL], the network, and that the store is up"
    ],
    [
      advice(aws)(store("Denied", "get", "AccessDenied")),
      "the object store does not permit it: get a/b: Denied (AccessDenied); " +
      "give these credentials the right to list and read the bucket b, and for a backup to write to it"
    ],
    [advice(aws)(store("Failed", "get", "odd")), "get a/b: Failed (odd)"],
    [advice(directory)(store("Failed", "get", "odd")), "get a/b: Failed (odd)"],
    [
      advice(directory)(
        new BufferError({ reason: "Full", operation: "append", path: "f", cause: "ENOSPC" })
      ),
      "append f: Full (ENOSPC); free some space on the disk of the working directory"
    ]
  ]
  for (const [error, sentence] of said) {
    it(sentence, () => {
      const text = error instanceof Error ? error.message : error
      assert.strictEqual(text, sentence)
    })
  }

  it("leaves alone what it knows nothing of", () => {
    const odd = new Error("odd")
    assert.strictEqual(advice(aws)(odd), odd)
  })
})
