/** The flag of the commands whose work is shared by several workers of one process. */
import { integer } from "./FlagKinds.ts"

/** `each`: what a worker takes of its own. */
export const workersFlag = (each: string) =>
  integer(
    [
      "workers",
      "WORKERS",
      "0",
      `Members of the group in this process, each on a processor of its own; 0 for one less than there are processors, at least 1 and at most 8. ${each}`
    ],
    { min: 0, max: 64, placeholder: "number" }
  )
