import { describe, expect, it } from 'vitest';
import { Mailbox } from '../../../streams/queue/mailbox.ts';

const normal = 2;

function mailboxOf(capacity: number): Mailbox<string> {
  return new Mailbox<string>({ capacity }, () => {});
}

describe('a mailbox whose publishers wait', () => {
  it('lets a publisher go at once when all blocked events are waited for by others', () => {
    const mailbox = mailboxOf(1);
    for (const event of ['a', 'b', 'c']) mailbox.offer(event, normal, undefined, 0);
    const admitted: string[] = [];

    mailbox.whenAdmitted(normal, 2, () => admitted.push('first'));
    mailbox.whenAdmitted(normal, 1, () => admitted.push('second'));

    expect(mailbox.blocked).toBe(2);
    expect(admitted).toEqual(['second']);
  });

  it('waits for as many events as nobody else waits for', () => {
    const mailbox = mailboxOf(1);
    for (const event of ['a', 'b', 'c']) mailbox.offer(event, normal, undefined, 0);
    const admitted: string[] = [];

    mailbox.whenAdmitted(normal, 1, () => admitted.push('first'));
    mailbox.whenAdmitted(normal, 5, () => admitted.push('second'));
    mailbox.take(0);
    expect(admitted).toEqual(['first']);
    mailbox.take(0);

    expect(admitted).toEqual(['first', 'second']);
  });

  it('admits nobody while parked events fill what a take has freed', () => {
    const mailbox = mailboxOf(1);
    mailbox.offer('a', normal, undefined, 0);
    mailbox.take(0);
    mailbox.offer('b', normal, undefined, 0);
    mailbox.park();
    expect(mailbox.offer('c', normal, undefined, 0)).toBe('blocked');
    let admitted = false;
    mailbox.whenAdmitted(normal, 1, () => {
      admitted = true;
    });

    mailbox.take(0);
    expect({ admitted, blocked: mailbox.blocked }).toEqual({ admitted: false, blocked: 1 });
    mailbox.abandon(undefined);
    expect({ admitted, blocked: mailbox.blocked }).toEqual({ admitted: true, blocked: 0 });
  });

  it('may be unbounded, where that is written', () => {
    const mailbox = new Mailbox<number>({ capacity: Infinity, maxBlocked: Infinity }, () => {});
    for (let n = 0; n < 3_000; n += 1) expect(mailbox.offer(n, normal, undefined, 0)).toBe('accepted');
  });
});
