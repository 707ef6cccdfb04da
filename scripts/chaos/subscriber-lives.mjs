// What the runs share that kill a bus with durable subscribers: its lives, and what must hold of what it said.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('durable-program.mjs', import.meta.url));

/** What one life of the program said, in order. */
class Life {
  #rest = '';
  lines = [];

  hear(chunk) {
    const lines = (this.#rest + chunk).split('\n');
    // Half a line of one that was killed means nothing.
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.lines.push(line.split(' '));
  }
}

/** Lets the program live, and kills it that long after its first word; without a time it ends by itself. */
export async function live(args, killAfterMs, wrong) {
  const life = new Life();
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  child.stdout.setEncoding('utf8');
  const started = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      life.hear(chunk);
      resolve();
    });
  });
  if (killAfterMs !== undefined) {
    await Promise.race([started, closed]);
    await new Promise((resolve) => setTimeout(resolve, killAfterMs));
    child.kill('SIGKILL');
  }
  const ended = await closed;
  const expected = killAfterMs === undefined ? 0 : 'SIGKILL';
  if (ended !== expected) wrong.push(`a program ended by itself: ${ended}`);
  return life;
}

/** Counts what subscribers did over all lives, and notes what must not be. */
export class Subscribers {
  calls = 0;
  #wrong;
  /** By subscriber: positions that were handled or given up, and how often one was handled again. */
  #counts = new Map(['keyed', 'total', 'lagging'].map((name) => [name, { done: new Set(), again: 0 }]));

  constructor(wrong) {
    this.#wrong = wrong;
  }

  /** Within one life no two events overlap or swap where an order was asked for. */
  note({ lines }) {
    const running = new Map();
    const lastOf = new Map();
    const groups = new Map();
    for (const [kind, name, at, attempt, last] of lines) {
      const position = Number(at);
      if (kind === 'S') {
        this.calls += 1;
        const group = name === 'total' ? 'total' : name === 'keyed' ? `keyed ${last}` : undefined;
        if (group === undefined) continue;
        groups.set(`${name} ${position}`, group);
        if (running.has(group))
          this.#wrong.push(`${name} began ${position} while ${running.get(group)} ran (${group})`);
        if ((lastOf.get(group) ?? 0) > position) {
          const after = lastOf.get(group);
          this.#wrong.push(`${name} began ${position} after ${after} (${group}, attempt ${attempt})`);
        }
        running.set(group, position);
        lastOf.set(group, position);
      } else if (kind === 'H') {
        running.delete(groups.get(`${name} ${position}`));
        const counts = this.#counts.get(name);
        if (last !== '1') continue;
        if (counts.done.has(position)) counts.again += 1;
        counts.done.add(position);
      } else if (kind === 'D') this.#counts.get(name).done.add(position);
    }
  }

  /** Every one of these was handled or given up by every subscriber. */
  demand(positions) {
    for (const [name, { done }] of this.#counts) {
      const lost = positions.filter((position) => !done.has(position));
      if (lost.length === 0) continue;
      const some = lost.slice(0, 5).join(', ');
      this.#wrong.push(`${name} has neither handled nor given up ${lost.length}: ${some}`);
    }
  }

  get again() {
    return [...this.#counts].map(([name, { again }]) => `${name} ${again}`).join(', ');
  }
}
