// Compiles the library into dist. The old dist stays in place until the new one is whole, so that a
// failed build breaks nothing and a program that runs from dist never sees it half empty.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const next = `${root}.dist-next`;
const old = `${root}.dist-old`;

function remove(folder) {
  rmSync(folder, { recursive: true, force: true });
}

remove(next);
remove(old);

const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', next], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) {
  remove(next);
  process.exit(status ?? 1);
}

const command = `${next}/src/cli/main.js`;
if (existsSync(command)) chmodSync(command, 0o755);
if (existsSync(`${root}dist`)) renameSync(`${root}dist`, old);
renameSync(next, `${root}dist`);
remove(old);
