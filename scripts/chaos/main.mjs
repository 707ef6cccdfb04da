// Runs all long runs, one after the other: `npm run chaos`, or those alone that are named, with what follows for each:
// `npm run chaos -- nats-entities --rounds 100 --seed 7`. A run is a file of this folder whose first line begins with "// Long run".
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const given = process.argv.slice(2);
const end = given.findIndex((part) => part.startsWith('--'));
const wanted = end < 0 ? given : given.slice(0, end);
const rest = end < 0 ? [] : given.slice(end);
const runs = readdirSync(folder)
  .filter((name) => readFileSync(folder + name, 'utf8').startsWith('// Long run'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));

let failed = 0;
for (const name of runs) {
  console.log(`\n${name}`);
  const { status } = spawnSync(process.execPath, [folder + name, ...rest], { stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
console.log(`\n${runs.length} runs, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
