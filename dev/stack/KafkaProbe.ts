/** Asks a broker whether it serves requests. */
import { Effect } from "effect"
import { rawRequest } from "./RawRequest.ts"

/** Metadata v1 for no topics: the answer begins with the live brokers. */
const metadata = { apiKey: 3, version: 1, body: Buffer.alloc(4) }

/** How many brokers the broker on 127.0.0.1 knows to be alive; 0 when it does not answer. */
export const liveBrokers = (port: number): Effect.Effect<number> =>
  Effect.map(
    rawRequest(port, metadata, 2000),
    (answer) => answer.length >= 4 ? answer.readInt32BE(0) : 0
  )
