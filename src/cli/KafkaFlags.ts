/** Flags that say how to reach the Kafka cluster. */
import { Either } from "effect"
import type { Flag } from "./Flag.ts"
import type { FlagText } from "./FlagKinds.ts"
import { boolean, choice, custom, splitList, text } from "./FlagKinds.ts"
import { logLevels } from "./OperationsFlags.ts"

/** `host:port`, `[v6]:port`, or without a port. */
const address = /^(\[[^\]]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/

const withPort = (broker: string): string | undefined => {
  const match = address.exec(broker)
  if (match === null || Number(match[2] ?? 0) > 65_535) return undefined
  return match[2] === undefined ? `${broker}:9092` : broker
}

const brokerList = (flag: FlagText): Flag<ReadonlyArray<string>> =>
  custom(flag, "addresses", (value) =>
    Either.flatMap(splitList(value), (brokers) => {
      const complete = brokers.map(withPort).filter((broker) => broker !== undefined)
      return complete.length === brokers.length
        ? Either.right(complete)
        : Either.left("addresses such as kafka-1:9092,kafka-2:9092")
    }))

const saslMechanisms = ["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const

export const kafkaFlags = {
  brokers: brokerList([
    "brokers",
    "KAFKA_BROKERS",
    "localhost:9092",
    "Addresses of some brokers, comma-separated; the others are found through them"
  ]),
  brokersDnsSrv: text([
    "brokersDNSSrv",
    "KAFKA_BROKERS_DNS_SRV",
    "",
    "Name whose DNS SRV record _kafka._tcp.<name> lists the brokers; beats -brokers"
  ], "name"),
  tls: boolean([
    "kafka-tls",
    "KAFKA_TLS",
    "false",
    "Connect with TLS and without a client certificate. Brokers are checked against the certificate authorities of the system, or those in -kafka-mtls-ca-cert-path if it is not the default"
  ]),
  mtlsAuth: boolean([
    "kafka-mtls-auth",
    "KAFKA_MTLS_AUTH",
    "false",
    "Connect with TLS and a client certificate, from the three files below"
  ]),
  mtlsCa: text([
    "kafka-mtls-ca-cert-path",
    "KAFKA_MTLS_CA_CERT_PATH",
    "/certs/ca.crt",
    "File with the certificate authority of the brokers"
  ], "file"),
  mtlsCert: text([
    "kafka-mtls-client-cert-path",
    "KAFKA_MTLS_CLIENT_CERT_PATH",
    "/certs/tls.crt",
    "File with the client certificate"
  ], "file"),
  mtlsKey: text([
    "kafka-mtls-client-key-path",
    "KAFKA_MTLS_CLIENT_KEY_PATH",
    "/certs/tls.key",
    "File with the private key of the client certificate"
  ], "file"),
  saslMechanism: choice(
    [
      "kafka-sasl-mechanism",
      "KAFKA_SASL_MECHANISM",
      "",
      "Authenticate with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    ],
    saslMechanisms,
    "mechanism"
  ),
  saslUsername: text([
    "kafka-sasl-username",
    "KAFKA_SASL_USERNAME",
    "",
    "User name for SASL"
  ], "name"),
  saslPassword: text([
    "kafka-sasl-password",
    "KAFKA_SASL_PASSWORD",
    "",
    "Password for SASL; other users of the host can see flags, so prefer the variable or a file"
  ], "password"),
  saslPasswordFile: text([
    "kafka-sasl-password-file",
    "KAFKA_SASL_PASSWORD_FILE",
    "",
    "File with the password for SASL, read at each connection"
  ], "file"),
  clientLogLevel: choice(
    [
      "kgo-log-level",
      "KGO_LOG_LEVEL",
      "INFO",
      "Least level at which the Kafka client's own messages are logged: DEBUG, INFO, WARN or ERROR"
    ],
    logLevels,
    "level"
  )
}
