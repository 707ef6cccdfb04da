import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DropReason,
  Mailbox,
  type MailboxOptions,
  type Overflow,
} from '../../../streams/queue/mailbox.ts';

interface Item {
  readonly id: number;
  readonly lane: number;
  readonly key: string | undefined;
}

type Step =
  | { readonly do: 'offer'; readonly lane: number; readonly key: string | undefined }
  | { readonly do: 'take' }
  | { readonly do: 'release' | 'park' | 'unpark' | 'abandon'; readonly which: number };

const which = fc.nat(5);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('offer' as const),
        lane: fc.nat(3),
        key: fc.constantFrom('a', 'b', undefined),
      }),
    },
    { weight: 5, arbitrary: fc.constant({ do: 'take' as const }) },
    {
      weight: 7,
      arbitrary: fc.record({
        do: fc.constantFrom('release' as const, 'park' as const, 'unpark' as const, 'abandon' as const),
        which,
      }),
    },
  ),
  { maxLength: 250, size: 'max' },
);

const concurrency = 4;
const capacities = fc.constantFrom(1, 2, 5, 17);
const orders = fc.constantFrom<NonNullable<MailboxOptions['order']>>('none', 'key', 'total');

/** What one history came to; `broken` names every law that did not hold at some step. */
interface Account {
  readonly broken: string[];
  readonly dropped: { readonly item: Item; readonly reason: DropReason }[];
}

/** Runs a history with all books kept beside: what waits, in push order, what runs, what is parked, who waits for room. */
function run(options: MailboxOptions, plan: readonly Step[]): Account {
  const account: Account = { broken: [], dropped: [] };
  const mailbox = new Mailbox<Item>(options, (item, lane, reason) => {
    if (lane !== item.lane) account.broken.push(`item of lane ${item.lane} dropped from lane ${lane}`);
    account.dropped.push({ item, reason });
    waiting = waiting.filter((other) => other !== item);
  });
  const { capacity } = mailbox;
  let waiting: Item[] = [];
  const running: { readonly item: Item; readonly place: number }[] = [];
  const parked: { readonly item: Item; readonly place: number }[] = [];
  const publishers: { open: boolean; readonly cancel: () => void }[] = [];
  const counts = { offered: 0, settled: 0, rejected: 0 };
  const law = (holds: boolean, name: string): void => {
    if (!holds) account.broken.push(name);
  };

  for (const step of plan) {
    const full = waiting.length + parked.length >= capacity;
    if (step.do === 'offer') {
      const item = { id: counts.offered, lane: step.lane, key: step.key };
      counts.offered += 1;
      const before = waiting;
      const droppedBefore = account.dropped.length;
      law(mailbox.roomFor(1) === !full, 'roomFor');
      const result = mailbox.offer(item, item.lane, item.key, 0);
      const victim = account.dropped[droppedBefore]?.item;
      const verdict = expectedOffer(options.overflow ?? 'block', full, item, before);
      if (verdict.result !== 'block') {
        law(
          result === verdict.result && victim === verdict.victim,
          `${options.overflow} of a ${full ? 'full' : 'free'} mailbox`,
        );
      } else {
        law(
          result === (publishers.length < (options.maxBlocked ?? 0) ? 'blocked' : 'rejected'),
          'maxBlocked',
        );
      }
      if (result === 'accepted' || result === 'blocked') waiting = [...waiting, item];
      if (result === 'rejected') counts.rejected += 1;
      if (result === 'blocked') {
        const publisher = {
          open: true,
          cancel: mailbox.whenAdmitted(item.lane, 1, () => admitted(publisher)),
        };
        publishers.push(publisher);
      }
    } else if (step.do === 'take') {
      if (running.length >= concurrency) continue;
      const item = mailbox.take(0);
      if (item === undefined) continue;
      law(waiting.includes(item), 'only what waits is taken');
      running.push({ item, place: mailbox.takenPlace });
      waiting = waiting.filter((other) => other !== item);
    } else if (step.do === 'release') {
      const [event] = running.splice(step.which, 1);
      if (event === undefined) continue;
      mailbox.release(event.item.key);
      counts.settled += 1;
    } else if (step.do === 'park') {
      const [event] = running.splice(step.which, 1);
      if (event === undefined) continue;
      mailbox.park();
      parked.push(event);
    } else if (step.do === 'unpark') {
      const [event] = parked.splice(step.which, 1);
      if (event === undefined) continue;
      mailbox.unpark(event.item, event.item.lane, event.item.key, 0, event.place);
      waiting = [...waiting, event.item].toSorted((a, b) => a.id - b.id);
    } else if (step.do === 'abandon') {
      const [event] = parked.splice(step.which, 1);
      if (event === undefined) continue;
      mailbox.abandon(event.item.key);
      counts.settled += 1;
    }
    const load = waiting.length + parked.length;
    law(mailbox.size === waiting.length && mailbox.parked === parked.length, 'size and parked');
    law(
      [0, 1, 2, 3].every(
        (lane) => mailbox.depth(lane) === waiting.filter((item) => item.lane === lane).length,
      ),
      'depth',
    );
    law(mailbox.utilization === load / capacity, 'utilization');
    law(
      load <= capacity + concurrency + (options.overflow === 'block' ? (options.maxBlocked ?? 0) : 0),
      'the hard bound',
    );
    law(publishers.length === mailbox.blocked, 'every blocked event has its publisher waiting');
    law(mailbox.blocked <= Math.max(0, load - capacity), 'nobody waits while there is room');
    const kept = counts.settled + counts.rejected + account.dropped.length + running.length + load;
    law(counts.offered === kept, 'conservation');
  }
  return account;

  function admitted(publisher: { open: boolean }): void {
    law(publisher.open, 'nobody is admitted twice');
    publisher.open = false;
    publishers.splice(
      publishers.findIndex((other) => other === publisher),
      1,
    );
  }
}

/** What each policy's name says. `waiting` is in push order. */
function expectedOffer(
  overflow: Overflow,
  full: boolean,
  item: Item,
  waiting: readonly Item[],
): { readonly result: string; readonly victim?: Item } {
  if (!full) return { result: 'accepted' };
  if (overflow === 'block') return { result: 'block' };
  if (overflow === 'reject') return { result: 'rejected' };
  const lowest = Math.max(-1, ...waiting.map(({ lane }) => lane));
  const [oldest] = waiting;
  const newestOfLowest = waiting.findLast(({ lane }) => lane === lowest);
  const victim = overflow === 'drop-oldest' ? oldest : lowest > item.lane ? newestOfLowest : undefined;
  if (overflow === 'drop-newest' || victim === undefined) return { result: 'dropped', victim: item };
  return { result: 'accepted', victim };
}

const policies: readonly Overflow[] = ['block', 'drop-newest', 'drop-oldest', 'drop-lowest', 'reject'];

describe.each(policies)('a mailbox with overflow %s', (overflow) => {
  it('does what the policy says, keeps its bounds and loses nothing, for every history (I11)', () => {
    fc.assert(
      fc.property(
        steps,
        capacities,
        orders,
        fc.constantFrom(0, 1, 6),
        (plan, capacity, order, maxBlocked) => {
          const { broken, dropped } = run({ overflow, capacity, order, maxBlocked }, plan);

          expect(broken).toEqual([]);
          expect(dropped.filter(({ reason }) => reason !== overflow)).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
