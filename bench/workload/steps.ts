/** A step of a user: three kinds that a pattern looks for, and one that it does not. */
export interface Step {
  readonly time: number;
  readonly user: string;
  readonly kind: 'a' | 'b' | 'c' | 'x';
  readonly weight: number;
}

const kinds = ['a', 'b', 'c', 'x'] as const;

/** Steps a millisecond apart, of users and kinds drawn with a fixed seed: the same in every run. */
export function drawSteps(count: number, users: number): Step[] {
  const names = Array.from({ length: users }, (_, n) => `user-${n}`);
  let state = 1;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  return Array.from({ length: count }, (_, n) => ({
    time: 1_700_000_000_000 + n,
    user: names[draw(users)] as string,
    kind: kinds[draw(4)] as Step['kind'],
    weight: draw(10),
  }));
}
