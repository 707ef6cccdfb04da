import { describe, expect, it } from 'vitest';
import { checkEventType, isEventType } from '../../../streams/event/event-type.ts';
import { refusal } from '../../support/refusal.ts';

describe('checkEventType', () => {
  it.each([
    'a',
    'order.placed',
    'A-1_b.c',
    'a.'.repeat(15) + 'a',
    'a'.repeat(255),
    'breakwaterish.x',
    '_inbox',
  ])('accepts %s', (type) => {
    expect(checkEventType(type)).toBe(type);
  });

  it.each([
    ['H1: empty', '', 'tokens of letters'],
    ['H1: 300 KB', 'a'.repeat(300_000), 'at most 255 characters'],
    ['H1: 17 tokens', 'a.'.repeat(16) + 'a', 'at most 16 tokens'],
    ['H1: 1 025 tokens', 'a.'.repeat(1024) + 'a', 'at most 255 characters'],
    ['H2: an empty token', 'a..b', 'stray dot'],
    ['H2: a leading dot', '.a', 'stray dot'],
    ['H2: a trailing dot', 'a.', 'stray dot'],
    ['H3: a space', 'a b', 'tokens of letters'],
    ['H3: a tab', 'a\tb', 'tokens of letters'],
    ['H3: a line break and a command', 'a\r\nPUB x 0', 'tokens of letters'],
    ['H3: NUL', 'a\0', 'tokens of letters'],
    ['H3: text that turns around', 'a\u202eb', 'tokens of letters'],
    ['H3: a lone surrogate', 'a\ud800', 'tokens of letters'],
    ['H3: é, composed', 'caf\u00e9', 'tokens of letters'],
    ['H3: é, decomposed', 'cafe\u0301', 'tokens of letters'],
    ['H4: a star', 'a.*', 'no wildcard'],
    ['H4: the rest', 'a.>', 'no wildcard'],
    ['H5: JetStream', '$JS.API.STREAM.DELETE.x', 'reserved for JetStream'],
    ['H5: the server', '$SYS.REQ', 'reserved for the NATS server'],
    ['H5: replies', '_INBOX.abc', 'reserved for NATS replies'],
    ['H5: all of the token', '_INBOX', 'reserved for NATS replies'],
    ['H13: a system event', 'breakwater.subscriber.failed', "reserved for Breakwater's own"],
    ['no text', 7, "Write it like 'order.placed'"],
  ])('refuses %s', (_, type, message) => {
    const error = refusal(() => checkEventType(type));

    expect(error.message).toContain(message);
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toMatch(/[\u0000-\u001f\u202e\ud800]/);
    expect(error.issues.map(({ field }) => field)).toEqual(['type']);
  });

  it('leaves reserved names to isEventType, which looks at the grammar alone', () => {
    expect(isEventType('breakwater.subscriber.failed')).toBe(true);
    expect(isEventType('a.*')).toBe(false);
  });
});
