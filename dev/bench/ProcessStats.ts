/** What a process has used so far, from Linux's /proc; elsewhere unknown. */
import fs from "node:fs"

/** Linux reports processor time in hundredths of a second on every architecture (USER_HZ). */
const ticksPerSecond = 100

const read = (file: string): string => {
  try {
    return fs.readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

/** User and system time in milliseconds, of all its threads; undefined if it is gone. */
export const cpuMs = (pid: number): number | undefined => {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === "") return undefined
  // The command's name in parentheses can hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) * (1000 / ticksPerSecond)
}

const memory = (pid: number, field: "VmHWM" | "VmRSS"): number | undefined => {
  const status = read(`/proc/${pid}/status`)
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** Highest resident memory so far, in bytes; undefined if it is gone. */
export const peakMemory = (pid: number): number | undefined => memory(pid, "VmHWM")

/** Resident memory now, in bytes; undefined if it is gone. */
export const residentMemory = (pid: number): number | undefined => memory(pid, "VmRSS")

/**
 * Bytes that went through its read and write calls: files, pipes and, in Node and Java, sockets
 * (proc(5), rchar and wchar). Undefined if it is gone.
 */
export const transferred = (pid: number) => {
  const [, readBytes, writtenBytes] =
    /^rchar: (\d+)\nwchar: (\d+)/m.exec(read(`/proc/${pid}/io`)) ?? []
  if (readBytes === undefined || writtenBytes === undefined) return undefined
  return { readBytes: Number(readBytes), writtenBytes: Number(writtenBytes) }
}
