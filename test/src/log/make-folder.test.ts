import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../../src/log/make-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('makeFolder', () => {
  it('makes a folder and those above it, for their owner alone, and says that it did', () => {
    const path = join(temporaryFolder(), 'a', 'b', 'c');

    expect(makeFolder(path)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(makeFolder(path)).toBe(false);
  });

  it('leaves a folder that is there as it is', () => {
    const path = join(temporaryFolder(), 'open');
    mkdirSync(path, { mode: 0o755 });

    expect(makeFolder(path)).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('fails where a file, or a link to nowhere, is in the way', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));

    expect(() => makeFolder(join(folder, 'file'))).toThrow(/EEXIST/);
    expect(() => makeFolder(join(folder, 'file', 'x'))).toThrow(/ENOTDIR/);
    expect(() => makeFolder(join(folder, 'link'))).toThrow(/EEXIST/);
  });

  it('ends where a file system makes no folders', () => {
    expect(() => makeFolder('/proc/breakwater/log')).toThrow(/ENOENT|EACCES|EPERM/);
  });
});
