/**
 * Bundles the program: `dist/kafka-data-keep.mjs`, which begins, and `dist/kafka-data-keep/`, the
 * parts that it loads when they are needed, `worker.mjs` among them, where a worker thread begins.
 * Native packages stay outside.
 */
import type { Metafile, Plugin } from "esbuild"
import { build } from "esbuild"
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, relative, resolve } from "node:path"
import { pathToFileURL } from "node:url"

const root = resolve(import.meta.dirname, "..")

/**
 * What is loaded by `require`: native code, which a bundle cannot hold, and `node:http`, of which
 * an import reads every export, and with them loads all of Node's `fetch` (measured: 40 ms).
 */
const required = /^(@node-rs\/crc32|lz4-napi|snappy|(node:)?http)$/

/** A static import would also come before everything else in its file. */
const byRequire: Plugin = {
  name: "by-require",
  setup: (builder) => {
    builder.onResolve(
      { filter: required },
      ({ kind, path }) =>
        kind === "require-call" ? { path, external: true } : { path, namespace: "required" }
    )
    builder.onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`
    }))
  }
}

const packageVersion = async (): Promise<string> => {
  const manifest: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown"
}

interface SourceMap {
  readonly sources: ReadonlyArray<string>
}

const isSourceMap = (map: unknown): map is SourceMap =>
  typeof map === "object" && map !== null && "sources" in map && Array.isArray(map.sources)

/**
 * Names the sources of a map as the project does, with the way to the project as their root. What
 * a part holds would not tell where the project begins.
 */
const nameSources = async (file: string): Promise<void> => {
  const map: unknown = JSON.parse(await readFile(file, "utf8"))
  if (!isSourceMap(map)) throw new Error(`${file} is no source map`)
  const directory = dirname(file)
  const sources = map.sources.map((source) =>
    source.startsWith(".") ? relative(root, resolve(directory, source)) : source
  )
  const sourceRoot = `${relative(directory, root)}/`
  await writeFile(file, JSON.stringify({ ...map, sourceRoot, sources }))
}

/** Removes the parts of earlier builds. */
const removeOthers = async (directory: string, parts: ReadonlySet<string>): Promise<void> => {
  for (const name of await readdir(directory)) {
    const file = join(directory, name)
    if (!parts.has(file)) await rm(file)
  }
}

// CommonJS packages inside the bundle call `require`.
const banner =
  "import{createRequire as createRequireForBundle}from'node:module';const require=createRequireForBundle(import.meta.url);"

/**
 * Writes the program to `<directory>/<name>.mjs` and its parts to `<directory>/<name>/`, each with
 * its source map. Returns what esbuild says of the files.
 */
export const buildBundle = async (outfile: string): Promise<Metafile> => {
  const name = basename(outfile, ".mjs")
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { [name]: "src/start.ts", [`${name}/worker`]: "src/worker.ts" },
    outdir: dirname(outfile),
    outExtension: { ".js": ".mjs" },
    chunkNames: `${name}/[name]-[hash]`,
    splitting: true,
    bundle: true,
    metafile: true,
    platform: "node",
    format: "esm",
    target: "node22",
    sourcemap: "linked",
    sourcesContent: false,
    banner: { js: banner },
    define: { KAFKA_DATA_KEEP_VERSION: JSON.stringify(await packageVersion()) },
    plugins: [byRequire],
    logLevel: "warning"
  })
  const files = Object.keys(metafile.outputs).map((file) => join(root, file))
  for (const file of files.filter((each) => each.endsWith(".map"))) await nameSources(file)
  await removeOthers(join(dirname(outfile), name), new Set(files))
  await chmod(outfile, 0o755)
  return metafile
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await buildBundle(join(root, "dist", "kafka-data-keep.mjs"))
}
