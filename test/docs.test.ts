/** Documents lead somewhere: links have their targets, and metrics are described, all and only ours. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { metricPrefix } from "../services/Metrics.ts"

const root = resolve(import.meta.dirname, "..")

const textOf = (file: string): string => readFileSync(join(root, file), "utf8")

/** Without fenced blocks, where `#` and brackets mean something else. */
const prose = (text: string): string => text.replace(/^(`{3,}).*\n[\s\S]*?^\1.*$/gm, "")

const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file))
]

/** As GitHub makes them of headings; the second of the same name ends with -1, and so on. */
const anchorsOf = (file: string): ReadonlySet<string> => {
  const seen = new Map<string, number>()
  const headings = [...prose(textOf(file)).matchAll(/^#{1,6} +(.+?) *#*$/gm)]
  return new Set(headings.map(([, heading = ""]) => {
    const slug = heading.toLowerCase().replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replaceAll(" ", "-")
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    return count === 0 ? slug : `${slug}-${count}`
  }))
}

/** Targets of inline links that are neither an address nor code. */
const linksOf = (file: string): ReadonlyArray<string> =>
  [...prose(textOf(file)).replace(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)[^)]*\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z][a-z\d+.-]*:/i.test(target))

const problemWith = (file: string, link: string): string | undefined => {
  const [path = "", anchor] = link.split("#")
  const target = path === "" ? file : relative(root, resolve(root, dirname(file), path))
  const full = join(root, target)
  if (!existsSync(full)) return `${file}: ${link} leads to no file`
  if (anchor === undefined) return undefined
  if (statSync(full).isDirectory() || !anchorsOf(target).has(anchor)) {
    return `${file}: ${link} leads to no heading of ${target}`
  }
  return undefined
}

describe("links", () => {
  for (const file of documents) {
    it(`${file} leads to files and headings that are there`, () => {
      const problems = linksOf(file).map((link) => problemWith(file, link))
      assert.deepStrictEqual(problems.filter((problem) => problem !== undefined), [])
    })
  }

  it("the documents that lead to the others are among those looked at", () => {
    assert.includeMembers([...linksOf("README.md")], ["docs/OPERATIONS.md", "docs/MIGRATING.md"])
    assert.include(linksOf("docs/OPERATIONS.md"), "#the-worst-day")
  })
})

/** Type by name, as `services/Metrics.ts` makes them. */
const defined = new Map(
  [
    ...textOf("services/Metrics.ts").matchAll(
      /\b(counter|gauge|histogram)\(\s*(?:"|`\$\{metricPrefix\})([a-z_]+)["`]/g
    )
  ].map(([, type = "", name = ""]) => [`${metricPrefix}${name}`, type])
)

/** Type by name, as the tables of OPERATIONS say. */
const described = new Map(
  [...textOf("docs/OPERATIONS.md").matchAll(/^\| `([a-z_]+)` \| (counter|gauge|histogram) \|/gm)]
    .map(([, name = "", type = ""]) => [name, type])
)

const sorted = (map: ReadonlyMap<string, string>) => [...map].sort(([a], [b]) => a < b ? -1 : 1)

describe("metrics", () => {
  it("each is in a table of OPERATIONS, with its type, and none that is not ours", () => {
    assert.isAbove(defined.size, 20)
    assert.deepStrictEqual(sorted(described), sorted(defined))
  })

  it("documents, alerts included, name only metrics that there are", () => {
    const unknown = documents.flatMap((file) =>
      [...textOf(file).matchAll(/\bkafka_data_keep_[a-z_]*[a-z]\b/g)]
        .map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ""))
        .filter((name) => !defined.has(name))
        .map((name) => `${file}: ${name}`)
    )
    assert.deepStrictEqual(unknown, [])
  })
})
