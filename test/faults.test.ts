import { describe, expect, it } from 'vitest';
import { listFiles, readText } from './support/repository.ts';

const files = new Set(listFiles());
const rows = readText('docs/faults.md')
  .split('\n')
  .filter((line) => /^\| F\d+ /u.test(line))
  .map((line) => {
    const [id = '', , , where = ''] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim());
    return { id, where };
  });

describe('the page of faults', () => {
  it.each(rows)('names for $id tests and runs that there are', ({ where }) => {
    const named = [...where.matchAll(/`(?<path>[\w/.-]+)`(?: "(?<name>[^"]+)")?/gu)].map(
      ({ groups = {} }) => ({
        path: groups['path'] ?? '',
        name: groups['name'],
      }),
    );

    expect(named).not.toEqual([]);
    for (const { path, name } of named) {
      expect(files).toContain(path);
      if (name !== undefined) expect(readText(path)).toContain(`'${name}'`);
    }
  });

  it('has each once', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });
});
