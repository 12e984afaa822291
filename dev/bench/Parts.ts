/** The parts of the benchmark by name, each with servers of its own. */
import type { Effect } from "effect"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { StackError } from "../stack/StackError.ts"
import type { PartName } from "./Options.ts"
import type { Bench, PartResult } from "./Part.ts"
import { archive } from "./parts/Archive.ts"
import { core } from "./parts/Core.ts"
import { files } from "./parts/Files.ts"
import { groups } from "./parts/Groups.ts"
import { large } from "./parts/Large.ts"
import { pace } from "./parts/Pace.ts"
import { partitions } from "./parts/Partitions.ts"
import { size } from "./parts/Size.ts"
import { small } from "./parts/Small.ts"
import { soak } from "./parts/Soak.ts"
import { start } from "./parts/Start.ts"
import { verify } from "./parts/Verify.ts"
import { workers } from "./parts/Workers.ts"
import { onServers } from "./Workplace.ts"

type Part = (bench: Bench) => Effect.Effect<PartResult, StackError | CodecError>

export const parts: Readonly<Record<PartName, Part>> = {
  core: (bench) => onServers(core(bench)),
  small: (bench) => onServers(small(bench)),
  large: (bench) => onServers(large(bench)),
  partitions,
  files: (bench) => onServers(files(bench)),
  start: (bench) => onServers(start(bench)),
  groups: (bench) => onServers(groups(bench)),
  size: (bench) => onServers(size(bench)),
  workers,
  archive: (bench) => onServers(archive(bench)),
  verify: (bench) => onServers(verify(bench)),
  pace: (bench) => onServers(pace(bench)),
  soak: (bench) => onServers(soak(bench))
}
