/** How far the targets of a plan partition are, in files: what the plan names, and what is done. */
import type { Extent, TopicExtent } from "../../services/Progress.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"

type Standing = { -readonly [K in keyof TopicExtent]: TopicExtent[K] }

/** Indexes of a partition's files count from 1 over the whole plan, whoever restores them. */
export class PlannedFiles {
  readonly #targets = new Map<string, Standing>()
  #read = false

  /** The plan names the file of that index; in plan order. */
  planned(target: TopicPartition, index: number): void {
    const name = topicPartitionName(target)
    const found = this.#targets.get(name)
    // What comes before the first one that is still in the plan was restored by an earlier run.
    if (found === undefined) {
      const earlier = index - 1
      this.#targets.set(name, { topic: target.topic, done: earlier, earlier, total: index })
    } else if (index > found.total) {
      found.total = index
    }
  }

  /** The plan has been read to its end of now. */
  readToEnd(): void {
    this.#read = true
  }

  /** `skipped`: there was nothing to do for it. A file may come again. */
  finished(target: TopicPartition, index: number, skipped: boolean): void {
    const found = this.#targets.get(topicPartitionName(target))
    if (found === undefined || index <= found.done) return
    if (skipped) found.earlier += index - found.done
    found.done = index
  }

  extent(): Extent {
    return { topics: [...this.#targets.values()], complete: this.#read }
  }
}
