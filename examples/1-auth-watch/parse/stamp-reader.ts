import { readRfc3339 } from './rfc3339.ts';

/** Reads the time stamp that a syslog line starts with. What it read last is in `time` and `end`. */
export interface StampReader {
  /** Reads one line; `false` when it starts with no time stamp. */
  read(line: string): boolean;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** Where the text after the stamp and its space begins. */
  readonly end: number;
}

const dayMs = 86_400_000;
const firstYear = 2000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * Makes a reader for the lines of one log, in the order of the log.
 *
 * Traditional stamps (`Mar 27 13:06:56`) have no year: they are taken as UTC of the year 2000, and a step
 * back of more than half a year as the turn of the year. Stamps of RFC 3339 carry their own.
 */
export function createStampReader(): StampReader {
  let year = firstYear;
  let previous = Number.NaN;
  let lastStamp = '';
  let lastTime = 0;

  const reader = {
    time: 0,
    end: 0,
    read(line: string): boolean {
      // Most lines share their second with the line before, in the usual 15 characters.
      if (lastStamp !== '' && line.startsWith(lastStamp)) {
        reader.time = lastTime;
        reader.end = lastStamp.length;
        return true;
      }
      return readTraditional(line) || readDated(line);
    },
  };

  function readTraditional(line: string): boolean {
    const month = months.indexOf(line.slice(0, 3));
    if (month < 0 || line.charCodeAt(3) !== space) return false;
    let at = line.charCodeAt(4) === space ? 5 : 4;
    let day = digitAt(line, at);
    at += 1;
    if (digitAt(line, at) >= 0) {
      day = day * 10 + digitAt(line, at);
      at += 1;
    }
    const seconds = line.charCodeAt(at) === space ? secondsOfDay(line, at + 1) : -1;
    at += 9;
    // February has 29 days here whatever the year: the log knows its year, this reader does not.
    if (day < 1 || day > daysIn(month) || seconds < 0 || line.charCodeAt(at) !== space) return false;

    lastTime = dated(month, day, seconds);
    previous = lastTime;
    lastStamp = line.slice(0, at + 1);
    reader.time = lastTime;
    reader.end = at + 1;
    return true;
  }

  /** Puts a date into the year that fits the line before: a late line of December stays in the old year. */
  function dated(month: number, day: number, seconds: number): number {
    const inYear = (candidate: number): number => Date.UTC(candidate, month, day) + seconds * 1000;
    const time = inYear(year);
    if (Number.isNaN(previous)) return time;
    if (previous - time > 183 * dayMs) {
      year += 1;
      return inYear(year);
    }
    const late = inYear(year - 1);
    return year > firstYear && previous - late < 31 * dayMs ? late : time;
  }

  function readDated(line: string): boolean {
    const stamp = readRfc3339(line);
    if (stamp === undefined) return false;
    reader.time = stamp.time;
    reader.end = stamp.end;
    return true;
  }

  return reader;
}

const space = 32;

function digitAt(line: string, at: number): number {
  const digit = line.charCodeAt(at) - 48;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

function daysIn(month: number): number {
  return month === 1 ? 29 : [3, 5, 8, 10].includes(month) ? 30 : 31;
}

/** Reads `HH:MM:SS`; -1 when it is something else. */
function secondsOfDay(line: string, at: number): number {
  const hours = pairAt(line, at);
  const minutes = pairAt(line, at + 3);
  const seconds = pairAt(line, at + 6);
  const colons = line.charCodeAt(at + 2) === 58 && line.charCodeAt(at + 5) === 58;
  const valid =
    colons && hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds <= 60;
  return valid ? hours * 3600 + minutes * 60 + seconds : -1;
}

function pairAt(line: string, at: number): number {
  const tens = digitAt(line, at);
  const ones = digitAt(line, at + 1);
  return tens < 0 || ones < 0 ? -1 : tens * 10 + ones;
}
