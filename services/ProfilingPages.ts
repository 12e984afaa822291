/** The pages of the profiling endpoints that are text alone. */

/** Flags whose value is a secret; that of `-kafka-sasl-password-file` is none. */
const secret = /^--?[^=]*(?:password|passphrase|secret|token|access-key)$/i
const withValue = /^(--?[^=]*)=/

const mask = "***"

/** User and password in an address. */
const credentials = /(\/\/)[^/@\s]*@/g

const shown = (argument: string, before: string): string => {
  if (secret.test(before)) return mask
  const flag = withValue.exec(argument)?.[1]
  return flag !== undefined && secret.test(flag)
    ? `${flag}=${mask}`
    : argument.replace(credentials, `$1${mask}@`)
}

/** The arguments with a NUL between them, as Go's `net/http/pprof` answers; secrets are masked. */
export const commandLinePage = (commandLine: ReadonlyArray<string>): string =>
  commandLine.map((argument, at) => shown(argument, commandLine[at - 1] ?? "")).join("\0")

/** A positive number tells `go tool pprof` to ask; the answer is empty: profiles carry names. */
export const symbolPage = "num_symbols: 1\n"

export interface Endpoint {
  readonly name: string
  readonly summary: string
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const row = ({ name, summary }: Endpoint): string =>
  `<tr><td><a href="/debug/pprof/${name}">${name}</a></td><td>${escape(summary)}</td></tr>`

/** What there is, and how to read it, for the server at that address. */
export const indexPage = (endpoints: ReadonlyArray<Endpoint>, address: string): string =>
  `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>/debug/pprof/</title></head>
<body>
<h1>/debug/pprof/</h1>
<table>
${endpoints.map(row).join("\n")}
</table>
<pre>
go tool pprof -top 'http://${address}/debug/pprof/profile?seconds=10'
go tool pprof -http=: http://${address}/debug/pprof/heap
curl -o trace.json 'http://${address}/debug/pprof/trace?seconds=5'
</pre>
<p>Open trace.json in https://ui.perfetto.dev or chrome://tracing.</p>
</body>
</html>
`
