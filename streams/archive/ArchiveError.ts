/** What is wrong with what an archive was asked for. */
import { Schema } from "effect"

export class ArchiveError extends Schema.TaggedError<ArchiveError>()("ArchiveError", {
  reason: Schema.Literal("NoTopic", "NoPartition"),
  message: Schema.String
}) {}
