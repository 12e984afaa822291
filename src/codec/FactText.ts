/** Facts as text, in the two places that carry them: a container's metadata and an object's. */

/** Name and plain text of a fact. */
export type FactEntry = readonly [name: string, value: string | bigint | number]

/** The text of a fact by its name; `undefined`: it is not there. */
export type FactSource = (name: string) => string | undefined

/** As metadata of an object: names and values in ASCII. `prefix`: in front of every name. */
export const objectMetadata = (
  prefix: string,
  entries: ReadonlyArray<FactEntry>
): Record<string, string> =>
  Object.fromEntries(
    entries.map(([name, value]) => [`${prefix}${name}`, encodeURIComponent(String(value))])
  )

export const fromObjectMetadata =
  (prefix: string, metadata: Readonly<Record<string, string>>): FactSource => (name) => {
    const value = metadata[`${prefix}${name}`]
    try {
      return value === undefined ? undefined : decodeURIComponent(value)
    } catch {
      return undefined
    }
  }

export const fromContainerMetadata = (
  prefix: string,
  metadata: ReadonlyMap<string, Uint8Array>
): FactSource => {
  const decoder = new TextDecoder()
  return (name) => {
    const value = metadata.get(`${prefix}${name}`)
    return value === undefined ? undefined : decoder.decode(value)
  }
}

export interface FactReader {
  readonly text: (name: string) => string
  /** An int64. */
  readonly int64: (name: string) => bigint
  /** A safe integer. */
  readonly count: (name: string) => number
  /** What `parse` makes of the text, unless that is `undefined`. */
  readonly parsed: <A>(name: string, parse: (text: string) => A | undefined, otherwise: A) => A
}

const parseInt64 = (text: string): bigint | undefined =>
  /^-?\d{1,20}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
    ? BigInt(text)
    : undefined

const parseCount = (text: string): number | undefined => {
  const value = parseInt64(text)
  return value !== undefined && Number.isSafeInteger(Number(value)) ? Number(value) : undefined
}

/** What `read` reads; `undefined` when a fact that it asks for is missing or unreadable. */
export const readFacts = <A>(source: FactSource, read: (facts: FactReader) => A): A | undefined => {
  let complete = true
  const parsed = <B>(name: string, parse: (text: string) => B | undefined, otherwise: B): B => {
    const text = source(name)
    const value = text === undefined ? undefined : parse(text)
    if (value === undefined) complete = false
    return value ?? otherwise
  }
  const facts = read({
    parsed,
    text: (name) => parsed(name, (text) => text, ""),
    int64: (name) => parsed(name, parseInt64, 0n),
    count: (name) => parsed(name, parseCount, 0)
  })
  return complete ? facts : undefined
}
