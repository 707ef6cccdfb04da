// One life of a program of this folder that says what happened, line by line, and is killed.
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hearLines } from './heard-lines.mjs';
import { endWithUs } from './process-end.mjs';

/** Starts a program. Its lines are told as words; `started` resolves to true with the first, `ended` when all are told. */
export function begin(program, args, { hear, flags = [], input = 'ignore', errors = 'inherit' }) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const stdio = [input, 'pipe', errors];
  const child = endWithUs(spawn(process.execPath, [...flags, path, ...args], { stdio }));
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  const started = new Promise((resolve) => {
    hearLines(child.stdout, (words) => {
      hear(words);
      resolve(true);
    });
  });
  return { child, started, ended };
}

/**
 * Lets a program live, and kills it that long after its first word; without a time it ends by itself. Gives its lines,
 * as words; an end of another kind is noted as wrong.
 */
export async function live(program, args, killAfterMs, wrong) {
  const lines = [];
  const { child, started, ended } = begin(program, args, { hear: (words) => lines.push(words) });
  if (killAfterMs !== undefined) {
    await Promise.race([started, ended]);
    await pause(killAfterMs);
    child.kill('SIGKILL');
  }
  const end = await ended;
  const expected = killAfterMs === undefined ? 0 : 'SIGKILL';
  if (end !== expected) wrong.push(`a program ended by itself: ${end}`);
  return lines;
}
