import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError } from '../../../examples/1-auth-watch/options.ts';

describe('parseOptions', () => {
  it('reads the sample, for people, when nothing is said', () => {
    expect(parseOptions([])).toEqual({
      input: undefined,
      follow: false,
      dialect: 'openssh',
      json: false,
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
    [['--nope'], "Unknown option '--nope'"],
    [['auth.txt'], "Unexpected argument 'auth.txt'. This command does not take positional arguments"],
    [['--input'], "Option '--input <value>' argument missing"],
    [['--input', '--json'], "Option '--input' argument is ambiguous."],
    [['--dialect', 'klingon'], '--dialect must be openssh or pam, got "klingon"'],
    [['--follow'], '--follow needs --input PATH: a sample does not grow'],
    [['--input='], '--input must name a file, or - for standard input'],
  ])('refuses %j in one line', (args, message) => {
    expect(() => parseOptions(args)).toThrow(new UsageError(message));
  });
});
