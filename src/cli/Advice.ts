/** Says what a failure means to whoever runs a command, and what can be done about it. */
import { BufferError } from "../../services/DiskBuffer.ts"
import { KafkaError } from "../../services/Kafka.ts"
import { StoreError } from "../../services/ObjectStore.ts"
import { ArchiveError } from "../../streams/archive/ArchiveError.ts"
import { PlanError } from "../../streams/PlanTopic.ts"
import type { StoreSettings } from "./StoreFlags.ts"

const detailOf = ({ cause }: { readonly cause: unknown }): string =>
  cause instanceof Error ? cause.message : String(cause ?? "")

/** One sentence out of what is wrong and what to do; the first may end as others have ended it. */
const so = (wrong: string, remedy: string): string =>
  wrong.endsWith("?")
    ? `${wrong} ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`
    : `${wrong.replace(/\.$/, "")}; ${remedy}`

const brokerFlag = (subject: string): string =>
  subject.startsWith("_kafka._tcp.")
    ? "-brokersDNSSrv [env KAFKA_BROKERS_DNS_SRV]"
    : "-brokers [env KAFKA_BROKERS]"

const aboutKafka = (error: KafkaError): string => {
  const { message, reason, subject } = error
  const detail = detailOf(error)
  const at = subject === "" || detail.includes(subject) ? "" : ` at ${subject}`
  switch (reason) {
    case "CONNECTION_FAILED":
    case "REQUEST_TIMED_OUT":
      return so(
        `Kafka cannot be reached${at}: ${detail}`,
        `check ${brokerFlag(subject)}, the network, and that the brokers are up`
      )
    case "TLS_FAILED":
      return so(
        `Kafka cannot be reached with TLS${at}: ${detail}`,
        `check ${brokerFlag(subject)}, and the -kafka-tls and -kafka-mtls flags`
      )
    case "SASL_AUTHENTICATION_FAILED":
      return so(`Kafka refuses the login${at}: ${detail}`, "check the -kafka-sasl flags")
    case "INCONSISTENT_GROUP_PROTOCOL":
      return so(
        `${message}: consumers of another kind are in the group`,
        "stop them, or give another -group-id"
      )
    default:
      return reason.endsWith("_AUTHORIZATION_FAILED")
        ? so(`Kafka does not permit it: ${message}`, "give this user the right")
        : message
  }
}

const aboutDirectory = (directory: string, error: StoreError): string =>
  error.operation === "check"
    ? so(
      `the archive directory ${directory} cannot be used: ${detailOf(error)}`,
      "check -store [env STORE]"
    )
    : error.message

const endpointFlag = "-s3-endpoint [env AWS_ENDPOINT_URL]"
const bucketFlag = "-s3-bucket [env S3_BUCKET]"

const aboutBucket = (
  { bucket, endpoint, region }: Extract<StoreSettings, { kind: "s3" }>,
  error: StoreError
): string => {
  const detail = detailOf(error)
  const where = endpoint === "" ? `at AWS in ${region}` : `at ${endpoint}`
  switch (error.reason) {
    case "Unreachable":
      return so(
        `the object store cannot be reached ${where}: ${detail}`,
        `check ${endpointFlag}, the network, and that the store is up`
      )
    case "NoSuchBucket":
      return so(
        `there is no bucket ${bucket} ${where}`,
        `check ${bucketFlag}, ${endpointFlag} and -s3-region [env AWS_REGION]`
      )
    case "BadCredentials":
      return so(
        `no access to the object store ${where} with these credentials: ${detail}`,
        "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role in their place"
      )
    case "Denied":
      return so(
        `the object store does not permit it: ${error.message}`,
        `give these credentials the right to list and read the bucket ${bucket}, and for a backup to write to it`
      )
    default:
      return error.operation === "check"
        ? so(
          `the bucket ${bucket} ${where} cannot be used: ${detail}`,
          `check ${bucketFlag} and ${endpointFlag}`
        )
        : error.message
  }
}

const workingDirFlag = "-working-dir [env WORKING_DIR]"

const aboutBuffer = (error: BufferError): string => {
  const { message, operation, path, reason } = error
  const detail = detailOf(error)
  if (reason === "InUse") {
    return so(`${detail} (${path})`, `stop it, or give another ${workingDirFlag}`)
  }
  if (reason === "Full") return so(message, "free some space on the disk of the working directory")
  return operation === "open" || operation === "lock"
    ? so(
      `the working directory cannot be used: ${detail}`,
      `give one that can be written to with ${workingDirFlag}`
    )
    : message
}

/** The failure in the words of the command line; the error's own where there is nothing to add. */
export const advice = (store: StoreSettings) => (error: unknown): unknown => {
  if (error instanceof KafkaError) return aboutKafka(error)
  if (error instanceof BufferError) return aboutBuffer(error)
  if (error instanceof PlanError && error.reason === "NoTopics") {
    return so(error.message, "check -s3-prefix [env S3_PREFIX] and the topic flags")
  }
  if (error instanceof ArchiveError) {
    return so(error.message, "check -s3-prefix [env S3_PREFIX], and look with archive-list")
  }
  if (!(error instanceof StoreError)) return error
  return store.kind === "directory"
    ? aboutDirectory(store.directory, error)
    : aboutBucket(store, error)
}
