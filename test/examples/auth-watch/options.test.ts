import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError } from '../../../examples/1-auth-watch/options.ts';

describe('parseOptions', () => {
  it('reads the sample, for people, when nothing is said', () => {
    expect(parseOptions([])).toEqual({
      input: undefined,
      follow: false,
      dialect: 'openssh',
      json: false,
      log: undefined,
      keepsLog: true,
      replay: undefined,
      nats: undefined,
      namespace: undefined,
      help: false,
    });
  });

  it('takes - for standard input', () => {
    expect(parseOptions(['--input', '-', '--json', '--dialect=pam'])).toMatchObject({
      input: '-',
      dialect: 'pam',
      json: true,
    });
  });

  it.each([
    ['1x', 1],
    ['2.5x', 2.5],
    ['max', Infinity],
  ])('plays a log again at %s', (speed, replay) => {
    expect(parseOptions(['--log', 'a', '--replay', speed])).toMatchObject({ log: 'a', replay });
  });

  it('keeps no log where none is wanted', () => {
    expect(parseOptions(['--no-log'])).toMatchObject({ log: undefined, keepsLog: false });
  });

  it.each(['nats://127.0.0.1:4222', 'tls://[::1]:4222', 'nats://localhost'])(
    'sends events through %s, and keeps no log beside it',
    (nats) => {
      expect(parseOptions(['--nats', nats])).toMatchObject({ nats, keepsLog: false, namespace: undefined });
      expect(parseOptions(['--nats', nats, '--namespace', 'a-B_9'])).toMatchObject({ namespace: 'a-B_9' });
    },
  );

  const badAddress = '--nats must be an address like nats://127.0.0.1:4222, without user or password';
  const keepsNats = '--nats keeps the events on its server: leave out --log, --no-log and --replay';

  it.each([
    [['--nats', 'nats://a', '--log', 'a'], keepsNats],
    [['--nats', 'nats://a', '--no-log'], keepsNats],
    [['--nats', 'nats://a', '--log', 'a', '--replay', 'max'], keepsNats],
    [['--nats='], badAddress],
    [['--nats', 'localhost:4222'], badAddress],
    [['--nats', 'nats://me:secret@host:4222'], badAddress],
    [['--nats', 'nats://host:4222/path'], badAddress],
    [['--namespace', 'a'], '--namespace needs --nats URL'],
    [
      ['--nats', 'nats://a', '--namespace', 'a.b'],
      '--namespace must be 1 to 64 letters, digits, _ or -, got "a.b"',
    ],
    [['--nope'], "Unknown option '--nope'"],
    [['auth.txt'], "Unexpected argument 'auth.txt'. This command does not take positional arguments"],
    [['--input'], "Option '--input <value>' argument missing"],
    [['--input', '--json'], "Option '--input' argument is ambiguous."],
    [['--dialect', 'klingon'], '--dialect must be openssh or pam, got "klingon"'],
    [['--follow'], '--follow needs --input PATH: a sample does not grow'],
    [['--input='], '--input must name a file, or - for standard input'],
    [['--log='], '--log must name a folder'],
    [['--log', 'a', '--no-log'], '--log and --no-log exclude each other'],
    [['--replay', '10x'], '--replay needs --log PATH: what is played again must have been kept'],
    [
      ['--replay', '1x', '--log', 'a', '--input', 'b'],
      '--replay takes its lines from the log: leave out --input and --follow',
    ],
    [['--replay', '-1x', '--log', 'a'], "Option '--replay' argument is ambiguous."],
    [['--replay', '0x', '--log', 'a'], '--replay must be a speed like 1x or 10x, or max, got "0x"'],
    [['--replay=fast', '--log', 'a'], '--replay must be a speed like 1x or 10x, or max, got "fast"'],
  ])('refuses %j in one line', (args, message) => {
    expect(() => parseOptions(args)).toThrow(new UsageError(message));
  });
});
