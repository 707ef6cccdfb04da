import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { createLineSplitter } from '../../../examples/1-auth-watch/read/line-splitter.ts';

function split(chunks: readonly (string | Buffer)[], maxBytes?: number) {
  const splitter = createLineSplitter(maxBytes === undefined ? {} : { maxBytes });
  return [...chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk))), ...splitter.end()];
}

describe('createLineSplitter', () => {
  it.each([
    [[], []],
    [[''], []],
    [['a\n'], ['a']],
    [['a\nb'], ['a', 'b']],
    [['a\r\nb\r\n'], ['a', 'b']],
    [['\n\n'], ['', '']],
    [
      ['a', 'b', '\nc', '\n'],
      ['ab', 'c'],
    ],
    [
      ['a\r', '\nb\r'],
      ['a', 'b'],
    ],
    [[Buffer.from([0xc3]), Buffer.from([0xbc, 10])], ['ü']],
  ] as [(string | Buffer)[], string[]][])('cuts %j into %j', (chunks, lines) => {
    expect(split(chunks)).toEqual(lines);
  });

  // Law: where a chunk ends makes no difference.
  it('gives the same lines however the bytes are chunked', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.constantFrom('\n', '\r\n', '\r', '\0'), fc.string({ unit: 'binary', maxLength: 12 })),
        ),
        fc.array(fc.nat(9)),
        (parts, sizes) => {
          const bytes = Buffer.from(parts.join(''));
          const chunks: Buffer[] = [];
          for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
            const size = 1 + (sizes[turn] ?? 100);
            chunks.push(bytes.subarray(start, start + size));
            start += size;
          }

          expect(split(chunks, 8)).toEqual(split([bytes], 8));
        },
      ),
    );
  });

  it('counts a line that is too long, keeps its head and goes on', () => {
    expect(split(['ok\n', 'x'.repeat(500), 'y'.repeat(500), '\nok\n'], 100)).toEqual([
      'ok',
      { reason: 'longer than 100 bytes', bytes: 1000, head: 'x'.repeat(100) },
      'ok',
    ]);
  });

  it('takes a line of just maxBytes, whatever its end', () => {
    const line = 'x'.repeat(100);

    expect(split([`${line}\n${line}\r\n`, `${line}\r`, '\n'], 100)).toEqual([line, line, line]);
  });

  it('tells UTF-8 from other bytes', () => {
    expect(split([Buffer.from('ü\n\xfc\nb\n', 'latin1')])).toEqual([
      { reason: 'not UTF-8', bytes: 1, head: '\ufffd' },
      { reason: 'not UTF-8', bytes: 1, head: '\ufffd' },
      'b',
    ]);
  });

  it('gives what is no text as bad lines, and their neighbours as text', () => {
    expect(split([Buffer.from('a\n\xff\xfe\nb\nc\0d\ne\n', 'latin1')])).toEqual([
      'a',
      { reason: 'not UTF-8', bytes: 2, head: '\ufffd\ufffd' },
      'b',
      { reason: 'binary: it holds a NUL', bytes: 3, head: 'c\0d' },
      'e',
    ]);
  });

  it('holds no more than maxBytes of a line without end', () => {
    const splitter = createLineSplitter();
    const before = process.memoryUsage().arrayBuffers;
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (let round = 0; round < 256; round += 1) splitter.push(chunk);

    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    expect(splitter.end()).toMatchObject([{ bytes: 256 * 1024 * 1024 }]);
  });
});
