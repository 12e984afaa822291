/** Bundles the program into one file, `dist/kafka-data-keep.mjs`, beside its native packages. */
import type { Plugin } from "esbuild"
import { build } from "esbuild"
import { chmod, readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

const root = resolve(import.meta.dirname, "..")

/** Packages with native code, which a bundle cannot hold. */
const native = /^(@node-rs\/crc32|lz4-napi|snappy)$/

/**
 * Loads native packages when they are first used: a static import would come before everything
 * else in the bundle, the check of the Node version included.
 */
const lazyNative: Plugin = {
  name: "lazy-native",
  setup: (builder) => {
    builder.onResolve(
      { filter: native },
      ({ kind, path }) =>
        kind === "require-call" ? { path, external: true } : { path, namespace: "native" }
    )
    builder.onLoad({ filter: /.*/, namespace: "native" }, ({ path }) => ({
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

// CommonJS packages inside the bundle call `require`.
const banner =
  "import{createRequire as createRequireForBundle}from'node:module';const require=createRequireForBundle(import.meta.url);"

/** Writes the bundle and its source map. */
export const buildBundle = async (outfile: string): Promise<void> => {
  await build({
    absWorkingDir: root,
    entryPoints: ["src/main.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    sourcemap: "linked",
    sourcesContent: false,
    banner: { js: banner },
    define: { KAFKA_DATA_KEEP_VERSION: JSON.stringify(await packageVersion()) },
    plugins: [lazyNative],
    logLevel: "warning"
  })
  await chmod(outfile, 0o755)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await buildBundle(join(root, "dist", "kafka-data-keep.mjs"))
}
