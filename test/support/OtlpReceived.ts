/** What an OTLP request says, in the few words that tests ask about. */

type Values = Readonly<Record<string, unknown>>

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly attributes: Values
  /** Ids of the spans it links to. */
  readonly links: ReadonlyArray<string>
  /** 1 is fine, 2 is an error. */
  readonly status: unknown
  readonly resource: Values
}

export interface ReceivedMetric {
  readonly name: string
  readonly unit: string
  readonly kind: "sum" | "gauge" | "histogram"
  readonly monotonic: boolean
  /** The value of a sum or gauge, the count of a histogram. */
  readonly points: ReadonlyArray<{ readonly attributes: Values; readonly value: number }>
  readonly resource: Values
}

export interface ReceivedLog {
  readonly body: unknown
  readonly severity: unknown
  readonly severityText: unknown
  readonly attributes: Values
  readonly traceId: string
  readonly spanId: string
  readonly resource: Values
}

export interface Received {
  readonly spans: Array<ReceivedSpan>
  readonly metrics: Array<ReceivedMetric>
  readonly logs: Array<ReceivedLog>
}

export const nothing = (): Received => ({ spans: [], metrics: [], logs: [] })

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined

const list = (value: unknown, name: string): ReadonlyArray<unknown> => {
  const found = field(value, name)
  return Array.isArray(found) ? found : []
}

const text = (value: unknown, name: string): string => String(field(value, name) ?? "")

/** The one value of an `AnyValue`. */
const plain = (value: unknown): unknown => {
  const inside = typeof value === "object" && value !== null ? Object.values(value)[0] : undefined
  return typeof inside === "object" ? list(inside, "values").map(plain) : inside
}

const attributesOf = (value: unknown): Values =>
  Object.fromEntries(
    list(value, "attributes").map((pair) => [text(pair, "key"), plain(field(pair, "value"))])
  )

/** The items of all resources and scopes. */
const items = (request: unknown, kind: string, name: string) =>
  list(request, `resource${kind}`).flatMap((one) => {
    const resource = attributesOf(field(one, "resource"))
    return list(one, `scope${kind}`).flatMap((scope) =>
      list(scope, name).map((item) => ({ item, resource }))
    )
  })

export const spansIn = (request: unknown): ReadonlyArray<ReceivedSpan> =>
  items(request, "Spans", "spans").map(({ item, resource }) => ({
    traceId: text(item, "traceId"),
    spanId: text(item, "spanId"),
    parentSpanId: text(item, "parentSpanId"),
    name: text(item, "name"),
    attributes: attributesOf(item),
    links: list(item, "links").map((link) => text(link, "spanId")),
    status: field(field(item, "status"), "code"),
    resource
  }))

const kindOf = (metric: unknown): ReceivedMetric["kind"] =>
  field(metric, "sum") !== undefined
    ? "sum"
    : field(metric, "gauge") !== undefined
    ? "gauge"
    : "histogram"

export const metricsIn = (request: unknown): ReadonlyArray<ReceivedMetric> =>
  items(request, "Metrics", "metrics").map(({ item, resource }) => {
    const kind = kindOf(item)
    const data = field(item, kind)
    return {
      name: text(item, "name"),
      unit: text(item, "unit"),
      kind,
      monotonic: field(data, "isMonotonic") === true,
      points: list(data, "dataPoints").map((point) => ({
        attributes: attributesOf(point),
        value: Number(field(point, "asDouble") ?? field(point, "asInt") ?? field(point, "count"))
      })),
      resource
    }
  })

export const logsIn = (request: unknown): ReadonlyArray<ReceivedLog> =>
  items(request, "Logs", "logRecords").map(({ item, resource }) => ({
    body: plain(field(item, "body")),
    severity: field(item, "severityNumber"),
    severityText: field(item, "severityText"),
    attributes: attributesOf(item),
    traceId: text(item, "traceId"),
    spanId: text(item, "spanId"),
    resource
  }))
