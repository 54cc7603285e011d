// Look up, do not search: a picture may have as many boxes as a graph has nodes, and a search for each of them would be quadratic.

/** Map.groupBy, which Node 20 does not have. */
export function grouped<K, T>(items: Iterable<T>, keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Math.max, of more values than a call may have arguments. */
export function largest(values: Iterable<number>, atLeast: number): number {
  let most = atLeast;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** Math.min, likewise. */
export function smallest(values: Iterable<number>, atMost: number): number {
  let least = atMost;
  for (const value of values) least = Math.min(least, value);
  return least;
}
