/** Load on many partitions at once, or at a steady rate, by `Spread.java`. */
import path from "node:path"
import { jdk } from "../stack/Tool.ts"
import type { Launched, Program } from "./Launch.ts"
import type { RunPlan } from "./Programs.ts"

export interface Spread {
  /** Their names are `<topic of the plan>-<number from 0>`. */
  readonly topics: number
  readonly partitionsPerTopic: number
  readonly records: number
  /** Undefined: as fast as possible, in rows of full batches. */
  readonly perSecond?: number
}

export const spread = (plan: RunPlan, load: Spread): Program => ({
  name: "load",
  command: jdk("java"),
  args: [
    "-Xmx768m",
    "-cp",
    path.join(plan.addresses.libs, "*"),
    path.join(import.meta.dirname, "Spread.java"),
    plan.addresses.brokers,
    plan.topic,
    String(load.topics),
    String(load.partitionsPerTopic),
    String(load.records),
    String(load.perSecond ?? 0),
    plan.payloadFile
  ]
})

/** Records acknowledged so far, by what it has said last. */
export const acked = (launched: Launched): number => {
  const said = [...launched.output().matchAll(/^(?:acked|done) (\d+)$/gm)].at(-1)
  return Number(said?.[1] ?? 0)
}
