import { breakIn, garbage, nameSprayer, rootGuesser, slowGuesser } from './attacks.ts';
import { cronJob, mistypedPassword, workSession } from './everyday.ts';
import type { SampleLine } from './sample-line.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';

export interface SampleOptions {
  /** Decides every line. Default `1`. */
  readonly seed?: number;
  /** How much time the log covers; about 350 lines an hour. Default `6`. */
  readonly hours?: number;
}

// The evening of New Year, so that the sample shows the turn of the year too.
const start = Date.UTC(2000, 11, 31, 20);
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Writes a made-up auth log: the same bytes for the same seed. All its addresses are reserved for examples. */
export function generateSample(options: SampleOptions = {}): Buffer {
  const { seed = 1, hours = 6 } = options;
  const random = createSeededRandom(seed);
  const lines: SampleLine[] = [];
  for (let hour = 0; hour < hours; hour += 1) {
    for (const [scene, times] of sceneOf(hour)) {
      for (let time = 0; time < times; time += 1)
        lines.push(...scene(random, hour * 3600 + random.between(0, 3599)));
    }
  }
  return Buffer.concat(lines.toSorted((a, b) => a.at - b.at).flatMap(writeLine));
}

type Scene = (random: SeededRandom, at: number) => SampleLine[];

function sceneOf(hour: number): readonly (readonly [Scene, number])[] {
  return [
    [cronJob, 60],
    [workSession, 12],
    [mistypedPassword, 3],
    [rootGuesser, 6],
    [slowGuesser, 2],
    [nameSprayer, hour % 3 === 0 ? 2 : 0],
    [breakIn, hour % 6 === 3 ? 1 : 0],
    [garbage, hour % 6 === 4 ? 1 : 0],
  ];
}

const lineFeed = Buffer.from('\n');

function writeLine({ at, tag, message }: SampleLine): Buffer[] {
  const bytes = typeof message === 'string' ? Buffer.from(message) : message;
  if (tag === '') return [bytes, lineFeed];
  const date = new Date(start + at * 1000);
  const stamp = `${months[date.getUTCMonth()] ?? ''} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)}`;
  return [Buffer.from(`${stamp} bastion ${tag}: `), bytes, lineFeed];
}
