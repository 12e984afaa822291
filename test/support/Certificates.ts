/** Self-signed certificates for brokers and clients on this machine, made by openssl. */
import { Effect } from "effect"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { runTool } from "../../dev/stack/Tool.ts"

export interface Certificate {
  /** Paths of PEM files; a self-signed certificate is its own CA. */
  readonly cert: string
  readonly key: string
  /** Both in one file, as a broker wants its key store. */
  readonly both: string
}

/** A directory that goes with the scope. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "kafka-data-keep-tls-"))),
  (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
)

/** For 127.0.0.1 and localhost; valid for ten days. */
export const certificate = Effect.fnUntraced(function*(directory: string, name: string) {
  const file = (suffix: string) => path.join(directory, `${name}.${suffix}`)
  const made: Certificate = { cert: file("crt"), key: file("key"), both: file("pem") }
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10"]
  const output = ["-keyout", made.key, "-out", made.cert]
  yield* runTool("make a certificate", "openssl", ["req", ...kind, ...subject, ...output])
  fs.writeFileSync(
    made.both,
    fs.readFileSync(made.key, "utf8") + fs.readFileSync(made.cert, "utf8")
  )
  return made
})
