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

async function fingerprint(node: string, seed: number): Promise<string> {
  const { stdout } = await run(node, [`${root}test/fixtures/testing/fingerprint.mjs`, String(seed)]);
  return stdout.trim();
}

describe('a run of a test bus', () => {
  it(`has the same fingerprint in each process and on every Node: ${installed.length} beside this one`, async () => {
    for (const seed of [1, 2]) {
      const prints = await Promise.all(
        [process.execPath, process.execPath, ...installed].map((node) => fingerprint(node, seed)),
      );
      expect(prints[0]).toMatch(/^[0-9a-f]{16}$/u);
      expect(new Set(prints).size).toBe(1);
    }
    expect(await fingerprint(process.execPath, 1)).not.toBe(await fingerprint(process.execPath, 2));
  });
});
