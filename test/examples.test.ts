import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { listFiles, readText, root } from './support/repository.ts';

const files = listFiles();
const folders = files
  .filter((path) => /^examples\/\d+-[^/]+\/expected\.txt$/u.test(path))
  .map((path) => path.slice(0, -'/expected.txt'.length));

function runExample(folder: string): {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const { NODE_OPTIONS: _options, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['dist/src/cli/main.js', 'run', `${folder}/main.ts`],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...inherited, NO_COLOR: '1', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    },
  );
  return { code: status, stdout, stderr };
}

describe('the examples', () => {
  it.each(folders)('%s prints what its expected.txt says', (folder) => {
    const { code, stdout, stderr } = runExample(folder);

    expect({ code, stdout, stderr: code === 0 ? '' : stderr }).toEqual({
      code: 0,
      stdout: readText(`${folder}/expected.txt`),
      stderr: '',
    });
  });

  it('have a main.ts beside each expected.txt', () => {
    expect(folders.filter((folder) => !files.includes(`${folder}/main.ts`))).toEqual([]);
  });
});
