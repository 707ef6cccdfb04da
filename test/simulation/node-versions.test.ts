import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { root } from '../support/repository.ts';

const run = promisify(execFile);
const nodes = process.env['BREAKWATER_NODES'] ?? `${root}ci/nodes/node_modules`;
const installed = ['20', '22', '24']
  .map((major) => `${nodes}/node${major}/bin/node`)
  .filter((path) => existsSync(path));

async function fingerprint(node: string, seed: number, workers: number): Promise<string | undefined> {
  const options = ['--seed', seed, '--seeds', 8, '--events', 100, '--workers', workers].map(String);
  const { stdout } = await run(node, [`${root}scripts/simulate.mjs`, ...options]);
  return /fingerprint ([0-9a-f]{16})/u.exec(stdout)?.[1];
}

describe('a simulation', () => {
  it(`is the same in each process, by one thread or two, and on every Node: ${installed.length} beside this one`, async () => {
    const prints = new Set([
      await fingerprint(process.execPath, 1, 1),
      await fingerprint(process.execPath, 1, 2),
    ]);
    for (const node of installed) prints.add(await fingerprint(node, 1, 1));
    expect([...prints]).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/u)]);
    expect(prints).not.toContain(await fingerprint(process.execPath, 2, 1));
  });
});
