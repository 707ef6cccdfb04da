import { ValueHash } from '../../streams/sketches/hash-value.ts';

const hash = new ValueHash();

/**
 * Decides which of `members` owns a partition: the one whose hash with it is highest.
 *
 * Everybody who sees the same members decides the same; a member that leaves gives up its own partitions and
 * moves no other. `undefined` without members. O(members). Rendezvous hashing: Thaler and Ravishankar, 1998.
 */
export function rendezvousOwner(partition: number, members: Iterable<string>): string | undefined {
  let owner: string | undefined;
  let [high, low] = [-1, -1];
  for (const member of members) {
    hash.update(`${partition}/${member}`);
    const wins =
      hash.high > high ||
      (hash.high === high && (hash.low > low || (hash.low === low && member > (owner ?? ''))));
    if (!wins) continue;
    [owner, high, low] = [member, hash.high, hash.low];
  }
  return owner;
}
