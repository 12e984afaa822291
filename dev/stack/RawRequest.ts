/** A request to a broker in bytes of our own, independent of any client. */
import { Effect } from "effect"
import net from "node:net"

export interface RawRequest {
  readonly apiKey: number
  readonly version: number
  readonly body: Buffer
}

/** With an empty client id. */
const framed = ({ apiKey, body, version }: RawRequest): Buffer => {
  const header = Buffer.alloc(14)
  header.writeInt32BE(header.length - 4 + body.length, 0)
  header.writeInt16BE(apiKey, 4)
  header.writeInt16BE(version, 6)
  header.writeInt32BE(1, 8)
  return Buffer.concat([header, body])
}

/** The answer's body from the broker on 127.0.0.1; empty when it is silent for so long, or gone. */
export const rawRequest = (
  port: number,
  request: RawRequest,
  waitMs: number
): Effect.Effect<Buffer> =>
  Effect.async<Buffer>((resume) => {
    const socket = net.connect(port, "127.0.0.1")
    let received = Buffer.alloc(0)
    const finish = (answer: Buffer): void => {
      socket.destroy()
      resume(Effect.succeed(answer))
    }
    const giveUp = () => finish(Buffer.alloc(0))
    socket.setTimeout(waitMs, giveUp)
    socket.once("error", giveUp)
    socket.once("close", giveUp)
    socket.once("connect", () => socket.write(framed(request)))
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        finish(received.subarray(8, 4 + received.readInt32BE(0)))
      }
    })
    return Effect.sync(() => socket.destroy())
  })
