/** Lines that stay at the foot of a terminal, and others that go on above them. */

export interface Terminal {
  readonly columns: number
  readonly rows: number
  readonly write: (text: string) => void
}

export interface Screen {
  /** Puts these in the place of the last ones. */
  readonly show: (foot: ReadonlyArray<string>) => void
  /** Writes a whole line above the foot. */
  readonly above: (line: string) => void
  /** Puts a last line in the place of the foot; what comes then begins below it. */
  readonly end: (line: string) => void
}

/** Control Sequence Introducer: what follows is for the terminal. */
const csi = "\u001b["
const up = (lines: number): string => lines > 0 ? `${csi}${lines}A` : ""
const eraseRight = `${csi}K`
const eraseBelow = `${csi}J`

/**
 * The cursor stays visible, on a line of its own below the foot: a program that is killed leaves
 * nothing to be put right, and what the terminal echoes, such as ^C, disturbs nothing. Each change
 * is one write, so that nothing flickers and nobody gets in between.
 */
export const makeScreen = (terminal: Terminal): Screen => {
  let foot: ReadonlyArray<string> = []
  let columns = terminal.columns

  const drawn = (lines: ReadonlyArray<string>): string =>
    lines.map((line) => `${line}${eraseRight}\r\n`).join("")

  /**
   * To the start of the foot. In a terminal that was made narrower its lines may have been broken,
   * or not: then some of it is left above, where to go further could erase what is not ours.
   */
  const toStart = (): string => `\r${up(foot.length)}`

  return {
    show: (lines) => {
      if (columns === terminal.columns && lines.join("\n") === foot.join("\n")) return
      columns = terminal.columns
      const start = toStart()
      foot = lines
      terminal.write(`${start}${drawn(lines)}${eraseBelow}`)
    },
    above: (line) => {
      // A long one is broken by the terminal, over what is below it.
      terminal.write(`${toStart()}${eraseBelow}${line}\r\n${drawn(foot)}`)
    },
    end: (line) => {
      terminal.write(`${toStart()}${eraseBelow}${line}\r\n`)
      foot = []
    }
  }
}
