#!/usr/bin/env node
/**
 * Where the program begins: the version is answered at once, everything else is loaded for what
 * is asked, and with what V8 has compiled the last time.
 */
import "./cli/Preflight.ts"
import module from "node:module"
import path from "node:path"
import { version, versionWords } from "./cli/Version.ts"
import { boundHeap } from "./heap.ts"

// Who writes is told too, and decides. A reader such as `head` that has seen enough is no failure;
// that what was to be kept is lost is one.
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") process.exitCode = 1
})
// A log that nobody reads, or that has no room, ends no backup; the exit code says what it would.
process.stderr.on("error", () => {})

/**
 * Where compiled code is kept; `undefined`: nowhere. The user's own cache directory, since who can
 * write there can say what the program does. `NODE_COMPILE_CACHE` names another.
 */
const cacheDirectory = (): string | undefined => {
  const { HOME = "", XDG_CACHE_HOME = "" } = process.env
  // The XDG Base Directory Specification: a path that is not absolute is to be ignored.
  const base = path.isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : path.join(HOME, ".cache")
  return path.isAbsolute(base) ? path.join(base, "kafka-data-keep") : undefined
}

if (versionWords.has(process.argv[2] ?? "")) {
  process.stdout.write(`${version}\n`)
} else {
  boundHeap()
  const directory = cacheDirectory()
  // Says by its result that a directory cannot be used, which then costs time and nothing else.
  if (directory !== undefined) module.enableCompileCache(directory)
  await import("./main.ts")
}
