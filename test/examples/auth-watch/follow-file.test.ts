import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fileEnd, followFile } from '../../../examples/1-auth-watch/read/follow-file.ts';
import { readLines } from '../../../examples/1-auth-watch/read/read-lines.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A log that is followed, and what has been read of it. */
function follow(content: string) {
  const path = join(temporaryFolder(), 'auth');
  writeFileSync(path, content);
  const stop = new AbortController();
  const lines: unknown[] = [];
  let progressed = (): void => {};

  const ended = (async () => {
    for await (const some of readLines(followFile(path, stop.signal, { pollMs: 5 }))) {
      lines.push(...some);
      progressed();
    }
  })();
  onTestFinished(() => stop.abort());

  return {
    path,
    /** Resolves to all lines when `count` have been read. */
    async read(count: number) {
      while (lines.length < count) await new Promise<void>((resolve) => (progressed = resolve));
      return lines;
    },
    async stop() {
      stop.abort();
      await ended;
      return lines;
    },
  };
}

describe('followFile', () => {
  it('reads what is there and what is appended', async () => {
    const log = follow('a\n');
    await log.read(1);
    appendFileSync(log.path, 'b\nc');
    await log.read(2);
    appendFileSync(log.path, 'd\n');

    expect(await log.read(3)).toEqual(['a', 'b', 'cd']);
  });

  it('goes on with the new file after rename and create, once it has content', async () => {
    const log = follow('a\n');
    await log.read(1);
    renameSync(log.path, `${log.path}.1`);
    appendFileSync(`${log.path}.1`, 'b\n');
    await log.read(2);
    writeFileSync(log.path, '');
    // Time enough to go to the new file too early.
    for (let looks = 0; looks < 50; looks += 1) await stat(log.path);
    appendFileSync(`${log.path}.1`, 'c\nhalf');
    await log.read(3);
    appendFileSync(log.path, 'd\n');

    expect(await log.read(5)).toEqual(['a', 'b', 'c', 'half', 'd']);
  });

  it('reads the old file to its end when the new one is there at once', async () => {
    const log = follow('a\n');
    await log.read(1);
    appendFileSync(log.path, 'b\n');
    renameSync(log.path, `${log.path}.1`);
    writeFileSync(log.path, 'c\n');

    expect(await log.read(3)).toEqual(['a', 'b', 'c']);
  });

  it('reads what was written to the old file while it was busy', async () => {
    const path = join(temporaryFolder(), 'auth');
    writeFileSync(path, 'a\n');
    const stop = new AbortController();
    const chunks = followFile(path, stop.signal);
    const first = await chunks.next();
    appendFileSync(path, 'b\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'c\n');
    stop.abort();
    const rest: unknown[] = [];
    for await (const chunk of chunks) rest.push(chunk === fileEnd ? fileEnd : chunk.toString());

    expect([String(first.value), ...rest]).toEqual(['a\n', 'b\n', fileEnd, 'c\n']);
  });

  it('goes through several rotations', async () => {
    const log = follow('0\n');
    for (let turn = 1; turn <= 5; turn += 1) {
      await log.read(turn);
      renameSync(log.path, `${log.path}.${turn}`);
      writeFileSync(log.path, `${turn}\n`);
    }

    expect(await log.read(6)).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('starts over when the file is copied and truncated', async () => {
    const log = follow('a\nb\nopen');
    await log.read(2);
    copyFileSync(log.path, `${log.path}.1`);
    truncateSync(log.path);
    appendFileSync(log.path, 'c\n');

    expect(await log.read(4)).toEqual(['a', 'b', 'open', 'c']);
  });

  it('notices a truncated file that has already grown beyond its old size', async () => {
    const log = follow('a\nb\n');
    await log.read(2);
    writeFileSync(log.path, 'longer than before\nand more\n');

    expect(await log.read(4)).toEqual(['a', 'b', 'longer than before', 'and more']);
  });

  it('waits while the file is gone', async () => {
    const log = follow('a\n');
    await log.read(1);
    rmSync(log.path);
    writeFileSync(`${log.path}.new`, 'b\n');
    renameSync(`${log.path}.new`, log.path);

    expect(await log.read(2)).toEqual(['a', 'b']);
  });

  it('ends when it is told to, with the line that is still open', async () => {
    const log = follow('a\nhalf');
    await log.read(1);

    expect(await log.stop()).toEqual(['a', 'half']);
  });

  it('ends at once when it was stopped before', async () => {
    const log = follow('a\n');

    expect(await log.stop()).toEqual(['a']);
  });

  it('refuses gzip, a directory and a missing file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'packed'), gzipSync('a\n'));
    const begin = (path: string) => followFile(path, new AbortController().signal).next();

    await expect(begin(join(folder, 'packed'))).rejects.toThrow('it is a gzip file');
    await expect(begin(folder)).rejects.toThrow('it is a directory');
    await expect(begin(join(folder, 'gone'))).rejects.toThrow('no such file');
  });
});
