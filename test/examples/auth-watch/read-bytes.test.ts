import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readFileBytes } from '../../../examples/1-auth-watch/read/read-bytes.ts';
import { readLines } from '../../../examples/1-auth-watch/read/read-lines.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const never = new AbortController().signal;

function fileOf(content: Buffer): string {
  const path = join(temporaryFolder(), 'auth');
  writeFileSync(path, content);
  return path;
}

/** All lines of a file, and how reading it ended. */
async function read(path: string): Promise<{ readonly lines: unknown[]; readonly failure?: string }> {
  const lines: unknown[] = [];
  try {
    for await (const some of readLines(readFileBytes(path, never))) lines.push(...some);
    return { lines };
  } catch (error) {
    return { lines, failure: (error as Error).message };
  }
}

// More than one chunk of every kind, and nothing that gzip could fold away.
const numbered = Array.from({ length: 50_000 }, (_, index) => `line ${index * 7_919}`);
const text = Buffer.from(`${numbered.join('\n')}\n`);

describe('readFileBytes', () => {
  it('reads a plain file', async () => {
    expect(await read(fileOf(text))).toEqual({ lines: numbered });
  });

  it('reads gzip by its magic bytes, several members too', async () => {
    expect(await read(fileOf(gzipSync(text)))).toEqual({ lines: numbered });
    expect(await read(fileOf(Buffer.concat([gzipSync('a\nb'), gzipSync('c\n')])))).toEqual({
      lines: ['a', 'bc'],
    });
  });

  it.each([Buffer.alloc(0), gzipSync('')])('reads an empty file', async (content) => {
    expect(await read(fileOf(content))).toEqual({ lines: [] });
  });

  it('reads a file of one byte', async () => {
    expect(await read(fileOf(Buffer.from([0x1f])))).toEqual({ lines: ['\u001f'] });
  });

  it('gives out all that truncated gzip holds before it fails', async () => {
    const { lines, failure } = await read(fileOf(gzipSync(text).subarray(0, -4_000)));

    expect(failure).toMatch(/is not complete: the gzip data ends too early$/);
    expect(lines.length).toBeGreaterThan(40_000);
    expect(lines.slice(0, -1)).toEqual(numbered.slice(0, lines.length - 1));
    expect(numbered[lines.length - 1]).toContain(lines.at(-1));
  });

  it('says so when gzip is damaged', async () => {
    const content = gzipSync(text);
    content.fill(0xff, 40_000, 40_100);

    expect((await read(fileOf(content))).failure).toMatch(/is not complete: the gzip data is damaged$/);
    expect((await read(fileOf(Buffer.from([0x1f, 0x8b, 1, 2, 3])))).failure).toMatch(/is damaged$/);
  });

  it('names a file that is missing, or a directory', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'logs'));

    expect((await read(join(folder, 'gone'))).failure).toBe(
      `cannot read ${join(folder, 'gone')}: no such file`,
    );
    expect((await read(join(folder, 'logs'))).failure).toBe(
      `cannot read ${join(folder, 'logs')}: it is a directory`,
    );
    expect((await read(join(folder, 'logs', 'a', 'b'))).failure).toMatch(/no such file$/);
  });

  it('unpacks a file that is mostly air in bounded memory', async () => {
    const bomb = fileOf(gzipSync(Buffer.alloc(128 * 1024 * 1024)));
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    for await (const _ of readFileBytes(bomb, never)) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }

    expect(most).toBeLessThan(64 * 1024 * 1024);
  });
});
