import { ValueHash } from '../../streams/sketches/hash-value.ts';

const hash = new ValueHash();

/** A member that might own a partition. */
interface Bid {
  readonly partition: number;
  readonly member: string;
  readonly high: number;
  readonly low: number;
}

/**
 * Decides who owns which of the partitions: the owner of each is at its index. Empty without members.
 *
 * Each goes to the member whose hash with it is highest and that has room, the highest hashes first; a member has room
 * for no more than its even share, rounded up. Everybody who sees the same members decides the same, in whatever order.
 * Of 16 partitions a member that joins 3 others moves 5 on average, and 4 is its share.
 *
 * O(n log n) for n = partitions × members. Rendezvous hashing (Thaler and Ravishankar, 1998) with the bound of
 * consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam, 2018).
 */
export function assignPartitions(partitions: number, members: ReadonlySet<string>): readonly string[] {
  const room = Math.ceil(partitions / members.size);
  const bids: Bid[] = [];
  for (const member of members) {
    for (let partition = 0; partition < partitions; partition += 1) {
      hash.update(`${partition}/${member}`);
      bids.push({ partition, member, high: hash.high, low: hash.low });
    }
  }
  bids.sort(highestFirst);
  const owners: string[] = [];
  const loads = new Map<string, number>();
  for (const { partition, member } of bids) {
    const load = loads.get(member) ?? 0;
    if (owners[partition] !== undefined || load >= room) continue;
    owners[partition] = member;
    loads.set(member, load + 1);
  }
  return owners;
}

/** Equal hashes are told apart by what was hashed, so that the order is the same for all. */
function highestFirst(a: Bid, b: Bid): number {
  if (a.high !== b.high) return b.high - a.high;
  if (a.low !== b.low) return b.low - a.low;
  if (a.partition !== b.partition) return a.partition - b.partition;
  return a.member < b.member ? -1 : 1;
}
