/** What S3, its imitations and the sockets below them say, in the words of `StoreError`. */
import { StoreError } from "./ObjectStore.ts"

type Reason = StoreError["reason"]

/**
 * Error codes of S3 and STS (Amazon S3 API Reference, "List of error codes"), names of SDK errors,
 * and what versitygw says of an unknown access key.
 */
const byCode: Readonly<Record<Reason, ReadonlyArray<string>>> = {
  NotFound: ["NoSuchKey", "NotFound"],
  NoSuchBucket: ["NoSuchBucket"],
  Denied: ["AccessDenied", "AllAccessDisabled", "AccountProblem", "MethodNotAllowed"],
  BadCredentials: [
    "AuthorizationQueryParametersError",
    "CredentialsProviderError",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidToken",
    "NotSignedUp",
    "SignatureDoesNotMatch",
    "TokenProviderError",
    "TokenRefreshRequired",
    "XAdminUserNotFound"
  ],
  ChecksumMismatch: ["BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"],
  Throttled: [
    "Busy",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException"
  ],
  Unreachable: ["RequestTimeout", "TimeoutError"],
  Invalid: ["InvalidObjectState", "NotImplemented"],
  Failed: [
    "ConditionalRequestConflict",
    "InternalError",
    "OperationAborted",
    "RequestTimeTooSkewed"
  ]
}

const reasonOfCode = new Map(
  Object.entries(byCode).flatMap(([reason, codes]) =>
    codes.map((code) => [code, reason as Reason] as const)
  )
)

const byStatus = (status: number): Reason => {
  if (status === 404) return "NotFound"
  if (status === 401) return "BadCredentials"
  if (status === 403) return "Denied"
  if (status === 429 || status === 503) return "Throttled"
  if (status === 408 || status === 502 || status === 504) return "Unreachable"
  return status >= 500 && status !== 501 ? "Failed" : "Invalid"
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

/** The HTTP status of the answer, `undefined` when there was none. */
export const statusOf = (cause: unknown): number | undefined => {
  const status = field(field(cause, "$metadata"), "httpStatusCode")
  return typeof status === "number" ? status : undefined
}

const isSocketError = (cause: unknown): boolean => {
  const code = field(cause, "code")
  return typeof code === "string" &&
    /^(?:E[A-Z]|ERR_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code)
}

const reasonOf = (cause: unknown): Reason => {
  const name = field(cause, "name")
  const message = String(field(cause, "message") ?? "")
  const status = statusOf(cause)
  if (name === "InvalidRequest" && /checksum/i.test(message)) return "ChecksumMismatch"
  const known = reasonOfCode.get(String(name))
  if (known !== undefined) return known
  if (/credential/i.test(message) && status === undefined) return "BadCredentials"
  if (isSocketError(cause)) return "Unreachable"
  if (status !== undefined) return cause instanceof SyntaxError ? "Invalid" : byStatus(status)
  return "Invalid"
}

/** One line that names the trouble, where the error itself has none or a misleading one. */
const explain = (cause: unknown): unknown => {
  const message = String(field(cause, "message") ?? "")
  const status = statusOf(cause)
  const parts = field(cause, "errors")
  if (message === "" && Array.isArray(parts)) {
    const texts = parts.map((part: unknown) => String(field(part, "message")))
    return new Error(texts.join("; "), { cause })
  }
  if (/Deserialization error|is not expected|char '/.test(message)) {
    return new Error(`the endpoint does not answer as S3 does (HTTP ${status})`, { cause })
  }
  if (status === 301 || status === 307 || field(cause, "name") === "PermanentRedirect") {
    return new Error(`the bucket is in another region or at another endpoint: ${message}`, {
      cause
    })
  }
  if (status !== undefined && (message === "" || message === "UnknownError")) {
    return new Error(`HTTP ${status}`, { cause })
  }
  const name = field(cause, "name")
  return status === undefined || typeof name !== "string" || message.includes(name)
    ? cause
    : new Error(`${name}: ${message}`, { cause })
}

export const storeError = (operation: string, key: string) => (cause: unknown): StoreError =>
  cause instanceof StoreError
    ? cause
    : new StoreError({ reason: reasonOf(cause), operation, key, cause: explain(cause) })

export const unreachable = (operation: string, key: string, message: string): StoreError =>
  new StoreError({ reason: "Unreachable", operation, key, cause: new Error(message) })
