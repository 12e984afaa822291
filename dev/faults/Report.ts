/** What a run has come to, for people. */

export interface FaultReport {
  readonly seed: number
  readonly minutes: number
  /** How often each fault and change was staged. */
  readonly actions: ReadonlyMap<string, number>
  /** Acknowledged by Kafka, aborted transactions included. */
  readonly produced: number
  readonly committed: number
  readonly archiveFiles: number
  readonly archived: number
  readonly restored: number
  /** Archive files that were restored while the faults went on. */
  readonly restoredFiles: number
  /** How often the committed offsets were held against the archive. */
  readonly commitLooks: number
  readonly losses: number
  readonly duplicates: number
  readonly differences: number
  /** What programs said when they gave up during a fault, to be started again. */
  readonly resignations: ReadonlyMap<string, number>
  readonly complaints: ReadonlyMap<string, number>
  /** Whether a disk could be made small enough to be full. */
  readonly smallDisk: boolean
  /** A sentence for each thing that must not be. */
  readonly problems: ReadonlyArray<string>
}

export const passed = ({ problems }: FaultReport): boolean => problems.length === 0

const counted = (counts: ReadonlyMap<string, number>): string =>
  [...counts].sort(([one], [other]) => one < other ? -1 : 1)
    .map(([name, count]) => `${name} ${count}`).join(", ")

const listed = (title: string, texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.length === 0 ? [] : [`  ${title}`, ...texts.map((text) => `    ${text}`)]

const timesOver = (counts: ReadonlyMap<string, number>): ReadonlyArray<string> =>
  [...counts].map(([text, count]) => `${count} x ${text}`)

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((all, one) => all + one, 0)

/** One block of text. */
export const summary = (report: FaultReport): string =>
  [
    `faults: seed ${report.seed}, ${report.minutes} minutes: ${
      passed(report) ? "passed" : "FAILED"
    }`,
    `  actions        ${sum(report.actions)}: ${counted(report.actions)}`,
    ...report.smallDisk
      ? []
      : ["  full disk      not staged: no small file system can be mounted here"],
    `  produced       ${report.produced} records, ${report.committed} of them committed`,
    `  archive        ${report.archived} records in ${report.archiveFiles} files`,
    `  restored       ${report.restored} records; ${report.restoredFiles} files during the faults`,
    `  commits        held against the archive ${report.commitLooks} times`,
    `  losses ${report.losses}, duplicates ${report.duplicates}, differences ${report.differences}`,
    ...listed("gave up and were started again:", timesOver(report.resignations)),
    ...listed("complaints:", timesOver(report.complaints)),
    ...listed("problems:", report.problems)
  ].join("\n")
