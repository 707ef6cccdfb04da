import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { alertText } from '../../../examples/1-auth-watch/print/alert-text.ts';
import { escapeText, quoteText } from '../../../examples/1-auth-watch/print/escape-text.ts';
import { createPaint } from '../../../examples/1-auth-watch/print/paint.ts';
import { createProgress } from '../../../examples/1-auth-watch/print/progress.ts';
import { renderTable } from '../../../examples/1-auth-watch/print/table.ts';
import { createTextOutput } from '../../../examples/1-auth-watch/print/text-output.ts';
import type { Alert } from '../../../examples/1-auth-watch/events.ts';

const plain = createPaint({}, {});

describe('escapeText', () => {
  it('shows what would command a terminal, and leaves words alone', () => {
    expect(escapeText('\u001b[2J\r\u0007\u009b1m\u202eevil\u2066\ufeff')).toBe(
      '\\u001b[2J\\u000d\\u0007\\u009b1m\\u202eevil\\u2066\\ufeff',
    );
    expect(escapeText('Zoë “quoted” 名')).toBe('Zoë “quoted” 名');
  });

  it('is applied to names, which are cut when they are long', () => {
    expect(quoteText(`\u001b${'x'.repeat(100)}`)).toBe(`"\\u001b${'x'.repeat(63)}…"`);
  });
});

describe('alertText', () => {
  const alert = (type: Alert['type'], data: Alert['data']) =>
    alertText({ type, data, time: Date.UTC(2000, 2, 7, 1, 2, 3), key: '192.0.2.7' } as Alert, plain);

  it('is one line of plain text', () => {
    expect([
      alert('auth.alert.bruteforce', { count: 5 }),
      alert('auth.alert.compromised', { user: '\u001b[2Jroot', failures: 12 }),
      alert('auth.alert.spray', { count: 3, users: ['', 'a\nb', 'c'] }),
    ]).toEqual([
      'Mar  7 01:02:03  brute force  192.0.2.7        5 failed logins within a minute',
      'Mar  7 01:02:03  compromised  192.0.2.7        "\\u001b[2Jroot" logged in after 12 failed logins',
      'Mar  7 01:02:03  spray        192.0.2.7        tried 3 names: "", "a\\u000ab", "c"',
    ]);
  });
});

describe('createPaint', () => {
  it.each([
    [true, {}, '\u001b[31mx\u001b[0m'],
    [true, { NO_COLOR: '' }, '\u001b[31mx\u001b[0m'],
    [true, { NO_COLOR: '1' }, 'x'],
    [true, { TERM: 'dumb' }, 'x'],
    [false, {}, 'x'],
  ])('on a terminal: %s, with %j: paints %j', (isTTY, environment, painted) => {
    expect(createPaint({ isTTY }, environment).red('x')).toBe(painted);
  });
});

describe('createProgress', () => {
  it('writes nothing where there is no terminal', () => {
    const written: unknown[] = [];
    const write = (text: unknown): boolean => written.push(text) > 0;
    const progress = createProgress({ write });
    progress.show(1);
    progress.hide();

    expect(written).toEqual([]);
  });

  it('leaves no trace on a terminal once it is hidden', () => {
    const written: unknown[] = [];
    const write = (text: unknown): boolean => written.push(text) > 0;
    const progress = createProgress({ write, isTTY: true });
    progress.show(12_345);
    progress.hide();
    progress.hide();

    expect(written).toEqual(['\r\u001b[2K12 345 lines read', '\r\u001b[2K']);
  });
});

describe('renderTable', () => {
  it('puts words to the left and numbers to the right', () => {
    expect(
      renderTable(
        ['lane', 'lines'],
        [
          ['low', 5626],
          ['critical', 378],
        ],
      ),
    ).toBe('  lane      lines\n  ────────  ─────\n  low       5 626\n  critical    378');
  });
});

describe('createTextOutput', () => {
  it('waits for a slow reader', async () => {
    const stream = new PassThrough({ highWaterMark: 4 });
    const output = createTextOutput(stream, () => {});
    let written = false;
    const writing = output.write(['longer', 'than four']).then(() => (written = true));

    expect([await Promise.race([writing, Promise.resolve('waits')]), written]).toEqual(['waits', false]);
    stream.resume();
    await writing;
  });

  it('says once that nothing can be written any more, and goes on in silence', async () => {
    let failures = 0;
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) });
    const output = createTextOutput(stream, () => (failures += 1));
    const gone = new Promise<void>((resolve) => stream.once('close', resolve));
    await output.write(['a']);
    await gone;
    stream.emit('error', new Error('still full'));
    await output.write(['b']);

    expect([failures, output.failure?.message]).toEqual([1, 'full']);
  });
});
