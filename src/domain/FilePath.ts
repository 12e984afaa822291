/**
 * Where an object key lives below a directory: its parts are the path, but parts too long for a
 * file name are cut into a chain of directories that says so.
 */

/** File systems take 255 bytes; a topic of 249 characters makes file names of 285. */
const longest = 200

/** Ends the name of a directory whose children continue its name, without a slash between. */
const more = ".kafka-data-keep-more"

const bytesOf = (character: string): number => {
  const code = character.codePointAt(0) ?? 0
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4
}

const cut = (part: string): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  let piece = ""
  let size = 0
  for (const character of part) {
    const bytes = bytesOf(character)
    if (size + bytes > longest) {
      pieces.push(`${piece}${more}`)
      piece = ""
      size = 0
    }
    piece += character
    size += bytes
  }
  return [...pieces, piece]
}

/** Why a key has no place below a directory, `undefined` if it has one. */
export const pathProblem = (key: string): string | undefined => {
  if (key === "" || key.includes("\0")) return "a key must have characters, and none of them zero"
  for (const part of key.split("/")) {
    if (part === "") return "a key must not begin or end with a slash, nor have two in a row"
    if (part === "." || part === "..") return `a key must not have a part ${part}`
    if (part.endsWith(more)) return `no part of a key may end with ${more}`
  }
  return undefined
}

/** The names from the directory down to the file. The key must not have a problem. */
export const pathOfKey = (key: string): ReadonlyArray<string> => key.split("/").flatMap(cut)

/** What a directory's name contributes to the names below it, if they continue it. */
export const continued = (directory: string): string | undefined =>
  directory.endsWith(more) ? directory.slice(0, -more.length) : undefined
