import { readFileSync } from 'node:fs';

/** What tells a process from all others, also from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Which start of the machine it runs in; empty where the system does not say. */
  readonly boot: string;
  /** When it started, in the system's own count; empty where the system does not say. */
  readonly started: string;
}

/** The identity of the process that runs this. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, boot: bootId(), started: startOf(process.pid) };
}

/** Whether a process with that identity is running, as far as can be told from here. */
export function isRunning({ pid, boot, started }: ProcessIdentity): boolean {
  if (boot !== bootId()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process may not be signalled, but it is there.
    if (Reflect.get(Object(error), 'code') !== 'EPERM') return false;
  }
  return started === startOf(pid);
}

function bootId(): string {
  return readOr('/proc/sys/kernel/random/boot_id', (text) => text.trim());
}

/** The 22nd field of a process's line; the 2nd is its name, in parentheses, and may hold anything. */
function startOf(pid: number): string {
  return readOr(`/proc/${pid}/stat`, (text) => text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '');
}

function readOr(path: string, pick: (text: string) => string): string {
  try {
    return pick(readFileSync(path, 'utf8'));
  } catch {
    return '';
  }
}
