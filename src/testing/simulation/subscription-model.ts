import type { CursorRecord } from '../../transport/cursor.ts';
import type { MailboxStatus } from '../../transport/transport.ts';
import type { Ordering } from '../../../streams/queue/lane-queue.ts';
import type { SimulationWorld } from './simulation-world.ts';

/** What waits, runs or is done, of one key; of all events where the order is total. */
interface Group {
  /** Positions of its events, ascending. */
  readonly positions: number[];
  /** How many of them, from the first on, were settled at some time. */
  settled: number;
  /** The position that has been started and not settled; 0 for none. */
  busy: number;
}

const idle = 0;
const running = 1;
const parked = 2;

/**
 * Holds one durable subscription to its laws, over all its lives: each event settled at least once, none twice in one
 * life, in the order asked for, none forgotten, and no place kept that lies behind what was settled.
 */
export class SubscriptionModel {
  readonly name: string;
  /** Events that were started and not settled, in this life. */
  running = 0;
  /** In this life. */
  settled = 0;
  /** Events that were never settled. */
  open = 0;
  /** Counts what has changed: where nothing has, what held before holds still. */
  version = 0;
  readonly #world: SimulationWorld;
  readonly #order: Ordering;
  readonly #groups = new Map<string, Group>();
  readonly #groupAt: (Group | undefined)[] = [undefined];
  readonly #everSettled: boolean[] = [true];
  readonly #stage: number[] = [idle];
  readonly #attempts: number[] = [0];
  /** In which life it was settled last. */
  readonly #settledIn: number[] = [0];
  #life = 0;
  /** All positions below have been settled at some time. */
  #floor = 1;
  /** Events that this life is to settle. */
  #expected = 0;

  constructor(world: SimulationWorld, name: string, order: Ordering) {
    this.#world = world;
    this.name = name;
    this.#order = order;
  }

  get last(): number {
    return this.#everSettled.length - 1;
  }

  /** An event is in the log. */
  applied(key: string | undefined): void {
    const position = this.last + 1;
    const group = this.#group(key);
    group?.positions.push(position);
    this.#groupAt.push(group);
    this.#everSettled.push(false);
    this.#stage.push(idle);
    this.#attempts.push(0);
    this.#settledIn.push(0);
    this.#expected += 1;
    this.open += 1;
    this.version += 1;
  }

  /** A process starts, with the place that was kept. */
  started(place: CursorRecord | undefined, last: number): void {
    this.#truncate(last);
    this.#life += 1;
    this.running = 0;
    this.settled = 0;
    this.version += 1;
    for (const group of this.#groups.values()) group.busy = 0;
    for (let at = 1; at <= this.last; at += 1) {
      this.#stage[at] = idle;
      this.#attempts[at] = 0;
    }
    if (place === undefined) this.#expected = this.last;
    else {
      const { position, open, ahead } = place;
      const again = open.reduce((count, each) => count + Number(each.position <= position), 0);
      this.#expected = this.last - Math.min(position, this.last) + again - ahead.length;
    }
  }

  /** A place was written: nothing that was never settled may be left out of it. */
  placed({ position, open, ahead }: CursorRecord): void {
    if (position > this.last)
      this.#violated('a place never skips', `its place is ${position}, and the log ends at ${this.last}`);
    const kept = new Set(open.map((each) => each.position));
    for (let at = this.#floor; at <= Math.min(position, this.last); at += 1) {
      if (this.#everSettled[at] === false && !kept.has(at))
        this.#violated('a place never skips', `its place is ${position}, and ${at} was not settled`);
    }
    for (const at of ahead) {
      if (this.#everSettled[at] === false)
        this.#violated('a place never skips', `${at} is kept as settled ahead, and was not`);
    }
  }

  /** A delivery was given out. */
  delivered(position: number, attempt: number): void {
    if (position < 1 || position > this.last)
      this.#violated('only what is committed is delivered', `${position} is not in the log`);
    const stage = this.#stage[position];
    if (stage === running) this.#violated('no event runs twice at once', `${position} runs already`);
    if (this.#settledIn[position] === this.#life)
      this.#violated('no event is settled twice in one life', `${position} came again`);
    const before = this.#attempts[position] ?? 0;
    if (before > 0 && attempt !== before + 1)
      this.#violated('attempts are counted', `attempt ${attempt} of ${position} follows ${before}`);
    const group = this.#groupAt[position];
    if (group !== undefined) this.#checkOrder(group, position);
    this.#stage[position] = running;
    this.#attempts[position] = attempt;
    this.running += 1;
    this.version += 1;
  }

  /** It is to be tried again. */
  retries(position: number): void {
    this.#stage[position] = parked;
    this.running -= 1;
    this.version += 1;
  }

  /** It is done with, one way or the other. */
  settles(position: number): void {
    if (this.#stage[position] === running) this.running -= 1;
    this.#stage[position] = idle;
    this.#settledIn[position] = this.#life;
    if (this.#everSettled[position] === false) this.open -= 1;
    this.#everSettled[position] = true;
    this.settled += 1;
    this.version += 1;
    while (this.#floor <= this.last && this.#everSettled[this.#floor] === true) this.#floor += 1;
    const group = this.#groupAt[position];
    if (group === undefined) return;
    if (group.busy === position) group.busy = 0;
    while (this.#everSettled[group.positions[group.settled] ?? -1] === true) group.settled += 1;
  }

  /** What came in is settled, runs, waits, or is still to be read. */
  checkConserved({ depths, parked: waiting, lag = 0 }: MailboxStatus): void {
    const [critical, high, normal, low] = depths;
    const held = this.settled + this.running + waiting + critical + high + normal + low;
    const conserved = lag > 0 ? held <= this.#expected : held === this.#expected;
    if (conserved) return;
    this.#violated(
      'events are conserved',
      `${this.#expected} came in; ${this.settled} are settled, ${this.running} run, ${waiting} are parked, ` +
        `${depths.join('+')} wait${lag > 0 ? ', others are to be read' : ''}`,
    );
  }

  #checkOrder(group: Group, position: number): void {
    if (group.busy !== 0 && group.busy !== position)
      this.#violated('the order of a key', `${position} starts while ${group.busy} is not settled`);
    const next = group.positions[group.settled] ?? Infinity;
    if (position > next) this.#violated('the order of a key', `${position} starts before ${next}`);
    group.busy = position;
  }

  #group(key: string | undefined): Group | undefined {
    if (this.#order === 'none' || (this.#order === 'key' && key === undefined)) return undefined;
    const name = this.#order === 'key' ? String(key) : '';
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { positions: [], settled: 0, busy: 0 };
      this.#groups.set(name, group);
    }
    return group;
  }

  #truncate(last: number): void {
    if (this.last <= last) return;
    for (let at = last + 1; at <= this.last; at += 1) if (this.#everSettled[at] === false) this.open -= 1;
    for (const list of [this.#groupAt, this.#everSettled, this.#stage, this.#attempts, this.#settledIn])
      list.length = last + 1;
    for (const group of this.#groups.values()) {
      while ((group.positions.at(-1) ?? 0) > last) group.positions.pop();
      group.settled = Math.min(group.settled, group.positions.length);
    }
    this.#floor = Math.min(this.#floor, last + 1);
  }

  #violated(law: string, reason: string): never {
    return this.#world.violated(law, `subscription ${this.name}: ${reason}`);
  }
}
