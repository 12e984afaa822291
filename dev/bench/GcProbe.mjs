/**
 * Loaded into our own commands (`node --import`): appends to the file BENCH_GC_FILE, at the end of
 * each thread, the milliseconds that its garbage collections took. Costs one small object each.
 */
import { appendFileSync } from "node:fs"
import { PerformanceObserver } from "node:perf_hooks"

let total = 0
const add = (entries) => {
  for (const { duration } of entries) total += duration
}
const observer = new PerformanceObserver((list) => add(list.getEntries()))
observer.observe({ entryTypes: ["gc"] })
process.on("exit", () => {
  add(observer.takeRecords())
  appendFileSync(process.env.BENCH_GC_FILE, `${total}\n`)
})
