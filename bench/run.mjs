// Builds the library and the bench, then runs it: `npm run bench -- --list` says what there is. The bench is
// compiled, not transpiled on the way in, so that the engine optimises the code that users run.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

function build(what, args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`bench: ${what} does not compile; nothing was measured`);
  process.exit(status ?? 1);
}

build('the library', ['scripts/build.mjs']);
build('the bench', ['node_modules/typescript/bin/tsc', '-p', 'bench/tsconfig.json']);
const { main } = await import('./dist/harness/main.js');
process.exitCode = await main(process.argv.slice(2));
