/**
 * The version after `current`: a count, and a random fraction. Two forks of a thread count on from the same version, and
 * a version must stand for one value only.
 */
export function nextChannelVersion(current: number | undefined): number {
  return Math.floor(current ?? 0) + 1 + Math.random();
}
