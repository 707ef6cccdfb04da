import { describe, expect, it } from 'vitest';
import { Mailbox, type MailboxOptions } from '../../../streams/queue/mailbox.ts';

function filled(
  options: MailboxOptions,
  lanes: readonly number[],
): { readonly mailbox: Mailbox<string>; readonly dropped: string[] } {
  const dropped: string[] = [];
  const mailbox = new Mailbox<string>(options, (item, _lane, reason) => dropped.push(`${item}: ${reason}`));
  for (const [index, lane] of lanes.entries()) mailbox.offer(`${'chnl'[lane]}${index}`, lane, undefined, 0);
  return { mailbox, dropped };
}

describe('Mailbox', () => {
  it('never drops a critical event while a lower lane has any', () => {
    const { mailbox, dropped } = filled({ capacity: 3, overflow: 'drop-lowest' }, [0, 3, 2]);

    expect(mailbox.offer('c3', 0, undefined, 0)).toBe('accepted');
    expect(mailbox.offer('c4', 0, undefined, 0)).toBe('accepted');
    expect(mailbox.offer('c5', 0, undefined, 0)).toBe('dropped');
    expect(dropped).toEqual(['l1: drop-lowest', 'n2: drop-lowest', 'c5: drop-lowest']);
  });

  it('never evicts what is parked', () => {
    const { mailbox, dropped } = filled({ capacity: 1, overflow: 'drop-oldest' }, [3]);
    mailbox.take(0);
    mailbox.park();

    expect(mailbox.offer('new', 0, undefined, 0)).toBe('dropped');
    expect(dropped).toEqual(['new: drop-oldest']);
  });

  it('takes an urgent event that is blocked before all that were accepted', () => {
    const { mailbox } = filled({ capacity: 2 }, [3, 3]);

    expect(mailbox.offer('c', 0, undefined, 0)).toBe('blocked');
    expect(mailbox.take(0)).toBe('c');
  });

  it('admits waiters first come first served in the lane taken from, else the most urgent', () => {
    const { mailbox } = filled({ capacity: 2, strategy: 'strict' }, [1, 3]);
    const admitted: string[] = [];
    for (const [name, lane] of [
      ['l', 3],
      ['n', 2],
      ['h', 1],
      ['h2', 1],
    ] as const) {
      mailbox.offer(name, lane, undefined, 0);
      mailbox.whenAdmitted(lane, 1, () => admitted.push(name));
    }
    const takenAndAdmitted = Array.from({ length: 4 }, () => [mailbox.take(0), [...admitted]]);

    expect(takenAndAdmitted).toEqual([
      ['h0', ['h']],
      ['h', ['h', 'h2']],
      ['h2', ['h', 'h2', 'n']],
      ['n', ['h', 'h2', 'n', 'l']],
    ]);
    expect(mailbox.blocked).toBe(0);
  });

  it('admits the lane taken from before a more urgent one', () => {
    const { mailbox } = filled({ capacity: 2, weights: [1, 1, 1, 1] }, [1, 3]);
    const admitted: string[] = [];
    for (const [name, lane] of [
      ['h', 1],
      ['h2', 1],
      ['l', 3],
    ] as const) {
      mailbox.offer(name, lane, undefined, 0);
      mailbox.whenAdmitted(lane, 1, () => admitted.push(name));
    }

    expect([mailbox.take(0), mailbox.take(0), admitted]).toEqual(['h0', 'l1', ['h', 'l']]);
  });

  it('tells the publisher of a batch when the last of its events is admitted', () => {
    const { mailbox } = filled({ capacity: 1 }, [2, 2, 2, 2]);
    let admitted = 0;
    mailbox.whenAdmitted(2, 3, () => (admitted += 1));
    mailbox.take(0);
    mailbox.take(0);
    expect([admitted, mailbox.blocked]).toEqual([0, 1]);

    mailbox.take(0);
    expect([admitted, mailbox.blocked]).toEqual([1, 0]);
  });

  it('tells a publisher at once that comes to wait when there is room again', () => {
    const { mailbox } = filled({ capacity: 1 }, [2, 2]);
    mailbox.take(0);
    let admitted = 0;
    mailbox.whenAdmitted(2, 1, () => (admitted += 1));

    expect(admitted).toBe(1);
  });

  it('forgets a publisher that gives up, and its events stay', () => {
    const { mailbox } = filled({ capacity: 1 }, [2, 2, 2]);
    const admitted: string[] = [];
    const cancel = mailbox.whenAdmitted(2, 1, () => admitted.push('first'));
    mailbox.whenAdmitted(2, 1, () => admitted.push('second'));
    cancel();
    cancel();
    mailbox.take(0);

    expect([admitted, mailbox.size, mailbox.blocked]).toEqual([['second'], 2, 1]);
    mailbox.take(0);
    expect([admitted, mailbox.blocked]).toEqual([['second'], 0]);
  });

  it('spends no room on a batch whose publisher gave up', () => {
    const { mailbox } = filled({ capacity: 1 }, [2, 2, 2, 2]);
    const admitted: string[] = [];
    mailbox.whenAdmitted(2, 2, () => admitted.push('batch'))();
    mailbox.whenAdmitted(2, 1, () => admitted.push('other'));
    mailbox.take(0);

    expect(admitted).toEqual(['other']);
  });

  it('lets a publisher that gave up wait again', () => {
    const { mailbox } = filled({ capacity: 1 }, [2, 2]);
    const admitted: string[] = [];
    mailbox.whenAdmitted(2, 1, () => admitted.push('first'))();
    mailbox.whenAdmitted(2, 1, () => admitted.push('again'));
    expect(admitted).toEqual([]);

    mailbox.take(0);
    expect(admitted).toEqual(['again']);
  });

  it('refuses what would be blocked beyond maxBlocked', () => {
    const { mailbox } = filled({ capacity: 1, maxBlocked: 2 }, [2, 2, 2]);

    expect(mailbox.offer('x', 0, undefined, 0)).toBe('rejected');
    mailbox.take(0);
    expect(mailbox.offer('y', 0, undefined, 0)).toBe('blocked');
  });

  it('lets all publishers go when it is cleared or discarded', () => {
    for (const end of ['clear', 'discard'] as const) {
      const { mailbox, dropped } = filled({ capacity: 1 }, [3, 0, 2]);
      let admitted = 0;
      mailbox.whenAdmitted(0, 1, () => (admitted += 1));
      mailbox.whenAdmitted(2, 1, () => (admitted += 1));
      if (end === 'clear') expect(new Set(mailbox.clear())).toEqual(new Set(['l0', 'c1', 'n2']));
      else mailbox.discard('unsubscribed');

      expect([admitted, mailbox.size, mailbox.blocked]).toEqual([2, 0, 0]);
      expect(dropped).toEqual(
        end === 'clear' ? [] : ['c1: unsubscribed', 'n2: unsubscribed', 'l0: unsubscribed'],
      );
    }
  });

  it('keeps the key of a parked event closed, until it is back or abandoned', () => {
    const mailbox = new Mailbox<string>({ order: 'key' }, () => {});
    for (const item of ['a1', 'a2', 'a3']) mailbox.offer(item, 2, 'a', 0);
    mailbox.take(0);
    mailbox.park();
    expect(mailbox.take(0)).toBeUndefined();

    mailbox.unpark('a1', 2, 'a', 0);
    expect(mailbox.take(0)).toBe('a1');
    mailbox.park();
    mailbox.abandon('a');
    expect([mailbox.take(0), mailbox.parked]).toEqual(['a2', 0]);
  });

  it('makes use of the time only for aging', () => {
    const timed = (['weighted', 'strict', 'aged'] as const).map(
      (strategy) => new Mailbox({ strategy }, () => {}).timed,
    );

    expect(timed).toEqual([false, false, true]);
  });

  it.each([
    [{ capacity: 0 }, 'capacity must be an integer of at least 1, or Infinity, got 0'],
    [{ capacity: 1.5 }, 'capacity must be an integer of at least 1, or Infinity, got 1.5'],
    [{ maxBlocked: -1 }, 'maxBlocked must be an integer of at least 0, or Infinity, got -1'],
    [
      { overflow: 'drop' },
      'overflow must be one of block, drop-newest, drop-oldest, drop-lowest, reject; got "drop"',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => new Mailbox(options as MailboxOptions, () => {})).toThrow(message);
  });
});
