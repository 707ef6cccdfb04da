import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('cli/main.js', import.meta.resolve('breakwater')));
const folder = mkdtempSync(join(tmpdir(), 'order-process-'));

/** Runs a file of this folder as a process of its own, on the shop's folder. Gives the signal that ended it. */
function run(file: string): string {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const { signal, status } = spawnSync(process.execPath, [cli, 'run', path, folder], { stdio: 'inherit' });
  return signal ?? `exit code ${status}`;
}

console.log('In the morning:');
console.log(`The process ended by ${run('morning.ts')}.`);
console.log('40 minutes later:');
console.log(`The process ended by ${run('afternoon.ts')}.`);
rmSync(folder, { recursive: true });
