/** Turns the values of the Kafka flags into connection settings. */
import { Either, Redacted } from "effect"
import type {
  KafkaSaslSettings,
  KafkaSettings,
  KafkaTlsSettings
} from "../../services/KafkaConnections.ts"
import type { Values } from "./Flag.ts"
import { kafkaFlags } from "./KafkaFlags.ts"

type KafkaValues = Values<typeof kafkaFlags>

const clientId = "kafka-data-keep"

/** What is wrong with the values together. */
const problemsOf = (values: KafkaValues): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const passwords = [values.saslPassword, values.saslPasswordFile].filter((given) => given !== "")
  if (values.brokers.length === 0 && values.brokersDnsSrv === "") {
    problems.push("no brokers given: use -brokers [env KAFKA_BROKERS] or -brokersDNSSrv")
  }
  if (values.saslMechanism === "" && (values.saslUsername !== "" || passwords.length > 0)) {
    problems.push("SASL user name or password given without -kafka-sasl-mechanism")
  }
  if (values.saslMechanism !== "" && values.saslUsername === "") {
    problems.push("-kafka-sasl-mechanism needs -kafka-sasl-username")
  }
  if (values.saslMechanism !== "" && passwords.length !== 1) {
    problems.push(
      "-kafka-sasl-mechanism needs one of -kafka-sasl-password and -kafka-sasl-password-file"
    )
  }
  return problems
}

const tlsOf = (values: KafkaValues): KafkaTlsSettings | undefined => {
  if (values.mtlsAuth) return { ca: values.mtlsCa, cert: values.mtlsCert, key: values.mtlsKey }
  if (!values.tls) return undefined
  return values.mtlsCa === kafkaFlags.mtlsCa.fallback ? {} : { ca: values.mtlsCa }
}

const saslOf = (values: KafkaValues): KafkaSaslSettings | undefined =>
  values.saslMechanism === "" ? undefined : {
    mechanism: values.saslMechanism,
    username: values.saslUsername,
    password: values.saslPasswordFile === ""
      ? Redacted.make(values.saslPassword)
      : { file: values.saslPasswordFile }
  }

const logLevel = { DEBUG: "debug", INFO: "info", WARN: "warn", ERROR: "error" } as const

export const kafkaSettings = (
  values: KafkaValues
): Either.Either<KafkaSettings, ReadonlyArray<string>> => {
  const problems = problemsOf(values)
  return problems.length > 0 ? Either.left(problems) : Either.right({
    brokers: values.brokersDnsSrv === "" ? values.brokers : { srvName: values.brokersDnsSrv },
    clientId,
    tls: tlsOf(values),
    sasl: saslOf(values),
    logLevel: logLevel[values.clientLogLevel]
  })
}
