/** Rules that every object store of this program keeps: the order of keys, and what is allowed. */

const rank = (unit: number): number =>
  unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit

/**
 * Compares by UTF-8 bytes, the order in which S3 lists keys. Equal to comparing code points, which
 * UTF-16 units are but for surrogates: those are moved above U+FFFF here.
 */
export const compareKeys = (left: string, right: string): number => {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const difference = rank(left.charCodeAt(at)) - rank(right.charCodeAt(at))
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** The part of a key up to and including its last slash; empty when it has none. */
export const folderOf = (key: string): string => key.slice(0, key.lastIndexOf("/") + 1)

const metadataName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const metadataValue = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/**
 * What keeps this metadata from travelling in HTTP headers unchanged: names must be lower-case
 * tokens (RFC 9110, 5.6.2), values printable ASCII without blanks at the ends. S3 counts at most
 * 2,048 bytes of names and values. `undefined` when all is well.
 */
export const metadataProblem = (metadata: Readonly<Record<string, string>>): string | undefined => {
  let size = 0
  for (const [name, value] of Object.entries(metadata)) {
    if (!metadataName.test(name)) {
      return `metadata name ${JSON.stringify(name)} is not a header name`
    }
    if (!metadataValue.test(value)) return `metadata ${name} is empty or not printable ASCII`
    size += name.length + value.length
  }
  return size > 2048 ? `metadata has ${size} bytes, more than 2048` : undefined
}
