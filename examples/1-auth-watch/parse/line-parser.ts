import type { AuthLine, Dialect } from './auth-line.ts';
import { createStampReader } from './stamp-reader.ts';

/** What a line is that cannot be read, in words for the dead letters. */
export type Undecodable = string;

/**
 * Makes the parser of one log: `Mar 27 13:06:56 host program[pid]: message`, stamps also in RFC 3339.
 *
 * Gives the reason as text where a line is no line of syslog. Lines must come in the order of the log,
 * because the year is told from the line before. O(length) a line.
 */
export function createLineParser(dialect: Dialect): (line: string) => AuthLine | Undecodable {
  const stamp = createStampReader();

  return function parseLine(line) {
    if (!stamp.read(line)) return 'no time stamp';
    const host = line.indexOf(' ', stamp.end);
    if (host <= stamp.end) return 'no host name';
    const colon = line.indexOf(':', host);
    // Old daemons fold equal messages with a line that names no program.
    if (line.startsWith('last message repeated ', host + 1))
      return dialect('', line.slice(host + 1), stamp.time);
    if (colon < 0) return 'no program name';
    const bracket = line.indexOf('[', host);
    const program = line.slice(host + 1, bracket >= 0 && bracket < colon ? bracket : colon);
    if (program.trim() === '') return 'no program name';
    const message = line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    return dialect(program, message, stamp.time);
  };
}
