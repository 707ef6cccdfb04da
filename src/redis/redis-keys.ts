/** The keys of a namespace. Part of the documented format. */
export interface RedisKeys {
  /** The stream of events. */
  readonly events: string;
  /** The stream of copies of what was given up. */
  readonly deadLetters: string;
  /** Counts processes. */
  readonly members: string;
  /** Number of the latest append of a publisher. */
  publisher(member: string): string;
  /** Which process a subscriber with an order belongs to. */
  owner(subscriber: string): string;
}

/** The keys of a namespace: `shop:events` and its kin. */
export function redisKeys(namespace: string): RedisKeys {
  return {
    events: `${namespace}:events`,
    deadLetters: `${namespace}:dead-letters`,
    members: `${namespace}:members`,
    publisher: (member) => `${namespace}:publisher:${member}`,
    owner: (subscriber) => `${namespace}:owner:${subscriber}`,
  };
}
