/** What no program may ever say, whatever happens around it. */
import fs from "node:fs"
import path from "node:path"
import type { LogLine } from "./ProgramLog.ts"
import { readLog, told } from "./ProgramLog.ts"

/** Defects, and data that contradicts itself: no fault outside of the program explains them. */
const never = [
  /unexpected: /,
  /\n\s+at .+:\d+:\d+/,
  /holds another record/,
  /holds other records/,
  /somebody else writes/,
  /out of order/,
  /in front of planned ones/,
  /holds data that no restore wrote/,
  /no longer reaches/,
  /but its log ends at/,
  /deleted by retention/,
  /CRC-32C/
]

/** Lines of each log that are told: the first ones say enough. */
const most = 10

/** Node says so to whoever sends SIGUSR1 before the program has come to listen to it. */
const debuggerWords = /^(Debugger |For help, see: https:\/\/nodejs)/

const isWrong = (line: LogLine): boolean =>
  line.level !== "DEBUG" && never.some((words) => words.test(JSON.stringify(line.msg) + told(line)))

/** One sentence for each kind of line that may not be, by program. */
export const wrongLines = (directory: string): ReadonlyArray<string> =>
  fs.readdirSync(directory).sort().flatMap((name) => {
    const { lines, strange } = readLog(path.join(directory, name))
    const wrong = lines.filter(isWrong).map((line) => `${line.time} ${told(line)}`)
    const crashes = strange.filter((text) => !debuggerWords.test(text))
    return [...wrong.slice(0, most), ...crashes.slice(0, most)].map((text) => `${name}: ${text}`)
  })

/** Archive files that the restores have put back so far. */
export const filesRestored = (directory: string): number =>
  fs.readdirSync(directory).flatMap((name) => readLog(path.join(directory, name)).lines)
    .filter(({ msg }) => msg === "archive file restored").length

/** How often each warning and error was logged; numbers and names in them left out. */
export const complaints = (directory: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const name of fs.readdirSync(directory)) {
    for (const line of readLog(path.join(directory, name)).lines) {
      if (line.level !== "WARN" && line.level !== "ERROR") continue
      const text = `${name.replace(/(-\d+)?\.log$/, "")} ${line.level} ${line.msg}`
      counts.set(text, (counts.get(text) ?? 0) + 1)
    }
  }
  return counts
}
