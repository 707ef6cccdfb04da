import type { Completed } from './run.ts';

/**
 * Names a match by what made it: `name/key#0:3,4;1:9` is of the events 3 and 4 in the first stage, 9 in the
 * second. The key may hold any text, the rest after the last `#` may not. O(events).
 */
export function matchId<E>(
  name: string,
  key: unknown,
  { taken }: Completed<E>,
  position: ((event: E) => number) | undefined,
): string {
  const text = String(key);
  let path = '';
  for (let link: typeof taken | undefined = taken; link !== undefined; link = link.before) {
    const number = position === undefined ? link.sequence : position(link.event);
    const { before, slot } = link;
    if (before === undefined) path = `${slot}:${number}${path}`;
    else if (before.slot === slot) path = `,${number}${path}`;
    else path = `;${slot}:${number}${path}`;
  }
  return `${name}/${key === undefined ? '' : text}#${path}`;
}
