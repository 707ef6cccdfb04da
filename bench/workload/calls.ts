/** One call of an interface, as windows take it. */
export interface Call {
  /** Milliseconds since the epoch, in order. */
  readonly time: number;
  readonly user: string;
  readonly ms: number;
}

/** Draws calls of so many users, so many a millisecond, the same for the same arguments. */
export function drawCalls(count: number, users: number, perMs: number): Call[] {
  const names = Array.from({ length: users }, (_, at) => `user-${at}`);
  const calls: Call[] = [];
  let state = 1;
  for (let at = 0; at < count; at += 1) {
    // Numerical Recipes' generator; its low bits repeat too soon to be used.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const time = 1_700_000_000_000 + Math.floor(at / perMs);
    calls.push({ time, user: names[(state >>> 8) % users] ?? '', ms: ((state >>> 4) % 10_000) / 10 });
  }
  return calls;
}
