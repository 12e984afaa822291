/** What all operations share: failures with Kafka's names, and requests to brokers not yet known. */
import { Effect } from "effect"
import type { Context } from "effect"
import type { Api } from "../../src/codec/kafka/Api.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import { metadata } from "../../src/codec/kafka/Metadata.ts"
import { KafkaError } from "../Kafka.ts"
import type { Destination, KafkaConnections } from "../KafkaConnections.ts"

export type Connections = Context.Tag.Service<typeof KafkaConnections>

/** Milliseconds that a broker may take for a change of topics. */
export const changeTimeoutMs = 30_000

export const failed = (
  reason: KafkaErrorName,
  operation: string,
  subject: string,
  cause: unknown = ""
) => new KafkaError({ reason, operation, subject, cause })

/** Fails when the broker named an error. */
export const accepted = <A extends { readonly error: KafkaErrorName | undefined }>(
  answer: A,
  operation: string,
  subject: string,
  detail = ""
): Effect.Effect<A, KafkaError> =>
  answer.error === undefined
    ? Effect.succeed(answer)
    : Effect.fail(failed(answer.error, operation, subject, detail))

/** Asks a broker for the brokers of the cluster and for these topics. */
export const askMetadata = (
  connections: Connections,
  topics: ReadonlyArray<string> | undefined
) =>
  connections.callAny(metadata, { topics }).pipe(
    Effect.tap(({ brokers }) => connections.learn(brokers))
  )

/** Looks once for a node id that is not known, then calls. */
export const callBroker = <Request, Response>(
  connections: Connections,
  to: Destination,
  api: Api<Request, Response>,
  request: Request
): Effect.Effect<Response, KafkaError> =>
  Effect.suspend(() => {
    const call = connections.call(to, api, request)
    return connections.knows(to.broker) ? call : Effect.zipRight(askMetadata(connections, []), call)
  })
