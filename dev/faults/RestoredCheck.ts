/** The restored topics against the truth: each record once, in order, as it was. */
import { compareRestored } from "../truth/Compare.ts"
import type { TrueRecord } from "../truth/Truth.ts"
import type { Findings } from "./Findings.ts"
import { targetPrefix } from "./Topics.ts"

/** The source offset that the restored record names in its first header. */
const sourceOffset = ({ headers }: TrueRecord): number =>
  Number(Buffer.from(headers[0]?.[1] ?? "", "hex").toString())

const place = (partition: number, offset: number): string => `${partition}/${offset}`

/** Compares a topic with what it was restored to. */
export const checkRestored = (
  topic: string,
  truth: ReadonlyArray<TrueRecord>,
  restored: ReadonlyArray<TrueRecord>,
  findings: Findings
): void => {
  const seen = new Set<string>()
  for (const record of restored) {
    const source = place(record.partition, sourceOffset(record))
    if (seen.has(source)) findings.duplicate(`${topic} ${source} is restored twice`)
    seen.add(source)
  }
  for (const { offset, partition } of truth) {
    if (!seen.has(place(partition, offset))) {
      findings.loss(`${topic} ${partition}/${offset} is not restored`)
    }
  }
  for (const text of compareRestored(truth, restored, targetPrefix)) findings.difference(text)
}
