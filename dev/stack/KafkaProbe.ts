/** Asks a broker whether it serves requests, in bytes of our own, independent of any client. */
import { Effect } from "effect"
import net from "node:net"

const metadataKey = 3

/** A Metadata v1 request for no topics: the answer begins with the live brokers. */
const request = (): Buffer => {
  const bytes = Buffer.alloc(4 + 2 + 2 + 4 + 2 + 4)
  bytes.writeInt32BE(bytes.length - 4, 0)
  bytes.writeInt16BE(metadataKey, 4)
  bytes.writeInt16BE(1, 6)
  bytes.writeInt32BE(1, 8)
  bytes.writeInt16BE(-1, 12)
  bytes.writeInt32BE(0, 14)
  return bytes
}

/** How many brokers the broker on 127.0.0.1 knows to be alive; 0 when it does not answer. */
export const liveBrokers = (port: number): Effect.Effect<number> =>
  Effect.async<number>((resume) => {
    const socket = net.connect(port, "127.0.0.1")
    let received = Buffer.alloc(0)
    const finish = (count: number): void => {
      socket.destroy()
      resume(Effect.succeed(count))
    }
    socket.setTimeout(2000, () => finish(0))
    socket.once("error", () => finish(0))
    socket.once("close", () => finish(0))
    socket.once("connect", () => socket.write(request()))
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 12) finish(received.readInt32BE(8))
    })
    return Effect.sync(() => socket.destroy())
  })
