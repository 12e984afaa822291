/** The JSON report of `consumer-groups-restore`, as a program reads it. */
import { Schema } from "effect"

const Offset = Schema.NullOr(Schema.Number)

const Report = Schema.parseJson(Schema.Struct({
  snapshot: Schema.Struct({
    key: Schema.String,
    takenAt: Schema.NullOr(Schema.String),
    clusterId: Schema.NullOr(Schema.String),
    complete: Schema.NullOr(Schema.Boolean)
  }),
  positions: Schema.Array(Schema.Struct({
    group: Schema.String,
    topic: Schema.String,
    partition: Schema.Number,
    sourceOffset: Schema.Number,
    targetOffset: Offset,
    status: Schema.Literal("exact", "clamped", "skipped", "failed"),
    lag: Offset,
    reason: Schema.String
  })),
  dryRun: Schema.Boolean,
  summary: Schema.Struct({
    positions: Schema.Number,
    exact: Schema.Number,
    clamped: Schema.Number,
    skipped: Schema.Number,
    failed: Schema.Number,
    fetches: Schema.Number,
    bytes: Schema.Number
  })
}))

export const readReport = Schema.decode(Report)
