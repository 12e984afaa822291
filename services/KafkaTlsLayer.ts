/** Sockets to brokers: TCP, or TLS with certificate files read anew at every connect. */
import { readFileSync } from "node:fs"
import net from "node:net"
import tls from "node:tls"
import type { KafkaTlsSettings } from "./KafkaConnections.ts"

const keepAliveMs = 60_000

/** How far a connection has come, and what its socket said last. */
export class SocketWatch {
  tcp = false
  tls = false
  /** A certificate file could not be read or used. */
  tlsFiles = false
  error: unknown
  socket: net.Socket | undefined
  /** Takes what comes without TLS. The bytes may be read only until it returns. */
  onBytes: (bytes: Buffer) => void = (bytes) => this.socket?.emit("data", Buffer.from(bytes))
  /** Called before kafkajs learns that the connection has ended; maybe more than once. */
  onLost: () => void = () => {}
}

const readPem = (what: string, path: string | undefined) => {
  if (path === undefined) return {}
  try {
    return { [what]: readFileSync(path) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`the ${what} file cannot be read: ${reason}`, { cause })
  }
}

/** Bytes that are read from a socket at once. */
const readBytes = 256 << 10

/** Reads into one buffer again and again. */
const plainSocket = (
  host: string,
  port: number,
  watch: SocketWatch,
  onConnect: () => void
): net.Socket => {
  const buffer = Buffer.allocUnsafeSlow(readBytes)
  const callback = (length: number) => {
    watch.onBytes(buffer.subarray(0, length))
    return true
  }
  return net.connect({ host, port, onread: { buffer, callback } }, onConnect)
}

const tlsSocket = (
  host: string,
  port: number,
  files: KafkaTlsSettings,
  onConnect: () => void
): net.Socket =>
  tls.connect({
    host,
    port,
    // SNI must not carry an address (RFC 6066)
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
    ...readPem("ca", files.ca),
    ...readPem("cert", files.cert),
    ...readPem("key", files.key)
  }, onConnect)

/** The factory that kafkajs calls to connect; `watch` learns what becomes of the socket. */
export const socketFactory =
  (files: KafkaTlsSettings | undefined, watch: SocketWatch) =>
  ({ host, onConnect, port }: { host: string; port: number; onConnect: () => void }) => {
    const connected = () => {
      watch.tcp = true
      watch.tls = files !== undefined
      onConnect()
    }
    let socket: net.Socket
    try {
      socket = files === undefined
        ? plainSocket(host, port, watch, connected)
        : tlsSocket(host, port, files, connected)
    } catch (cause) {
      watch.tlsFiles = files !== undefined
      watch.error = cause
      throw cause
    }
    watch.socket = socket
    socket.once("connect", () => {
      watch.tcp = true
    })
    socket.on("error", (cause) => {
      watch.error ??= cause
      watch.onLost()
    })
    socket.on("end", () => watch.onLost())
    socket.on("close", () => watch.onLost())
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveMs)
    return socket
  }
