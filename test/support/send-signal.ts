import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const longestWaitMs = 1000;

/**
 * Sends a signal to a process; where it is SIGSTOP, comes back when all its threads have stopped.
 *
 * The signal alone says nothing of when: a server on another core may answer once more.
 */
export function sendSignal(child: ChildProcess, signal: NodeJS.Signals): void {
  child.kill(signal);
  if (signal !== 'SIGSTOP' || process.platform !== 'linux') return;
  const began = performance.now();
  while (!hasStopped(child.pid) && performance.now() - began < longestWaitMs);
}

function hasStopped(pid: number | undefined): boolean {
  if (pid === undefined) return true;
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      // The name before it stands in brackets, and may hold any.
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
    });
  } catch {
    return true;
  }
}
