/** Operations of ACLs, as brokers tell which of them are allowed (KIP-430): a bit for each. */

/** Position is the bit (AclOperation.java); names as `kafka-acls.sh` has them. */
const names = [
  "Unknown",
  "Any",
  "All",
  "Read",
  "Write",
  "Create",
  "Delete",
  "Alter",
  "Describe",
  "ClusterAction",
  "DescribeConfigs",
  "AlterConfigs",
  "IdempotentWrite",
  "CreateTokens",
  "DescribeTokens",
  "TwoPhaseCommit"
] as const

export type AclOperation = typeof names[number]

const notTold = -2_147_483_648

/** `undefined`: the broker does not tell. */
export const operationsIn = (bits: number): ReadonlySet<AclOperation> | undefined =>
  bits === notTold ? undefined : new Set(names.filter((_, at) => (bits & (1 << at)) !== 0))
