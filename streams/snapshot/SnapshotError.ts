/** What keeps a snapshot of consumer groups from being used or replaced. */
import { Schema } from "effect"

/**
 * `Missing`: there is none at the location. `Damaged`: it cannot be read. `NotASnapshot`: there is
 * something else in its place. `NoneInHistory`: the history has none of the time asked for. `OtherCluster`: the snapshot there is of another cluster.
 * `HeldBack`: the guard does not let this one replace it yet. `Incomplete`: not everything of the
 * cluster could be read.
 */
export class SnapshotError extends Schema.TaggedError<SnapshotError>()("SnapshotError", {
  reason: Schema.Literal(
    "Missing",
    "Damaged",
    "NotASnapshot",
    "NoneInHistory",
    "OtherCluster",
    "HeldBack",
    "Incomplete"
  ),
  message: Schema.String
}) {}
