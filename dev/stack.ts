/** `npm run stack`: a local Kafka and S3 until Ctrl-C, with how to reach them. */
import { Console, Effect } from "effect"
import { runScript } from "./Script.ts"
import type { SecureAccess } from "./stack/SecureStack.ts"
import { Secure, SecureStackLayer } from "./stack/SecureStack.ts"
import type { Addresses } from "./stack/Stack.ts"
import { StackAddresses, StackLayer } from "./stack/Stack.ts"

const brokerCount = (): number => {
  const at = process.argv.indexOf("--brokers")
  return at < 0 ? 1 : Number(process.argv[at + 1])
}

const guide = ({ brokers, kafkaVersion, libs, s3 }: Addresses): string => `
Kafka ${kafkaVersion}   ${brokers}
S3            ${s3.endpoint}   bucket ${s3.bucket}

In another terminal:

  export KAFKA_BROKERS=${brokers}
  export AWS_ENDPOINT_URL=${s3.endpoint} AWS_REGION=${s3.region}
  export AWS_ACCESS_KEY_ID=${s3.accessKey} AWS_SECRET_ACCESS_KEY=${s3.secretKey}
  export S3_BUCKET=${s3.bucket} S3_PREFIX=topics
  export LIBS='${libs}/*'

  java -cp "$LIBS" org.apache.kafka.tools.TopicCommand --bootstrap-server $KAFKA_BROKERS \\
    --create --topic orders --partitions 6
  java -cp "$LIBS" org.apache.kafka.tools.ConsoleProducer --bootstrap-server $KAFKA_BROKERS --topic orders
  java -cp "$LIBS" org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server $KAFKA_BROKERS \\
    --topic orders --from-beginning
  java -cp "$LIBS" org.apache.kafka.tools.GetOffsetShell --bootstrap-server $KAFKA_BROKERS
  aws s3 ls --recursive s3://$S3_BUCKET/
  node dist/kafka-data-keep.mjs topics-backup --once

Ctrl-C stops both and removes their data.
`

/** What `--secure` adds to the above: the tools go through the listener without a login. */
const secureGuide = (
  { internalBrokers }: Addresses,
  { ca, password, username }: SecureAccess
): string => `
The brokers want TLS and a login. For kafka-data-keep:

  export KAFKA_TLS=true KAFKA_MTLS_CA_CERT_PATH=${ca}
  export KAFKA_SASL_MECHANISM=PLAIN KAFKA_SASL_USERNAME=${username} KAFKA_SASL_PASSWORD=${password}

The Java tools above go to --bootstrap-server ${internalBrokers} instead. ${username} has no rights
yet; docs/OPERATIONS.md says which ones a command needs. For topics-backup:

  acls() { java -cp "$LIBS" org.apache.kafka.tools.AclCommand \\
    --bootstrap-server ${internalBrokers} --add --allow-principal User:${username} "$@"; }
  acls --operation Read --operation Describe --topic '*'
  acls --operation Read --operation Describe --group kafka-data-keep
`

const plain = Effect.gen(function*() {
  const addresses = yield* StackAddresses
  yield* Console.log(guide(addresses))
  return yield* Effect.never
})

const secure = Effect.gen(function*() {
  const addresses = yield* StackAddresses
  yield* Console.log(guide(addresses) + secureGuide(addresses, yield* Secure))
  return yield* Effect.never
})

const options = { brokers: brokerCount(), heap: "1g" }

runScript(
  process.argv.includes("--secure")
    ? Effect.provide(secure, SecureStackLayer(options))
    : Effect.provide(plain, StackLayer(options))
)
