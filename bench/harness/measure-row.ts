import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './measure.ts';
import type { Result, Row } from './row.ts';

const child = fileURLToPath(new URL('child.js', import.meta.url));
const timeoutMs = 10 * 60_000;

/** Measures a row: first Breakwater, then its peers, one process after the other. */
export function measureRow(row: Row): Result {
  const value = measureSubject(row, row.subject.name);
  const peers: Record<string, number> = {};
  for (const { name } of row.peers) peers[name] = measureSubject(row, name);
  const { id, unit, goal } = row;
  return { row: id, value, unit, peers, goal: goal.text, met: goal.met(value, peers) };
}

function measureSubject(row: Row, name: string): number {
  const { status, signal, stdout } = spawnSync(
    process.execPath,
    [...(row.nodeFlags ?? []), child, row.id, name],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', timeout: timeoutMs },
  );
  if (status === 0) return median(JSON.parse(stdout) as number[]);
  throw new Error(`${name} of row ${row.id} ended with ${signal ?? `status ${status ?? 'unknown'}`}`);
}
