/** What can be in the way of a restore before it begins. */

export const obstacleKinds = [
  "missing",
  "rights",
  "partitions",
  "size",
  "timestamps",
  "replicas",
  "retention",
  "data",
  "disk",
  "damaged"
] as const

export type ObstacleKind = typeof obstacleKinds[number]
