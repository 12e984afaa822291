/** What the programs have logged, as JSON lines. */
import fs from "node:fs"

export interface LogLine {
  readonly time: string
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

const isLogLine = (line: unknown): line is LogLine =>
  typeof line === "object" && line !== null && "msg" in line && "level" in line

const parsed = (text: string): LogLine | undefined => {
  try {
    const line: unknown = JSON.parse(text)
    return isLogLine(line) ? line : undefined
  } catch {
    return undefined
  }
}

export interface ProgramLog {
  readonly lines: ReadonlyArray<LogLine>
  /** What is no log line: the last words of a crashing runtime, for one. */
  readonly strange: ReadonlyArray<string>
}

/** From byte `from` of the file on; nothing of a file that is not there. */
export const logText = (file: string, from = 0): string => {
  const size = logSize(file)
  if (size <= from) return ""
  const bytes = Buffer.alloc(size - from)
  const handle = fs.openSync(file, "r")
  const length = fs.readSync(handle, bytes, 0, bytes.length, from)
  fs.closeSync(handle)
  return bytes.toString("utf8", 0, length)
}

/** What was logged from byte `from` of the file on. */
export const readLog = (file: string, from = 0): ProgramLog => {
  const texts = logText(file, from).split("\n").filter((text) => text !== "")
  const lines: Array<LogLine> = []
  const strange: Array<string> = []
  for (const text of texts) {
    const line = parsed(text)
    if (line === undefined) strange.push(text)
    else lines.push(line)
  }
  return { lines, strange }
}

export const logSize = (file: string): number => fs.existsSync(file) ? fs.statSync(file).size : 0

/** The message with what it says of the error. */
export const told = ({ error, msg, reason }: LogLine): string =>
  [msg, error, reason].filter((part) => part !== undefined).map(String).join(": ")

/** The ids that the program has had in its group, newest last. */
export const membersIn = ({ lines }: ProgramLog): ReadonlyArray<string> =>
  lines.filter(({ msg }) => msg === "group joined").map(({ member }) => String(member))
