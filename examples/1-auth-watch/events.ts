import { defineEvent, type EventOf } from 'breakwater';
import { z } from 'zod';

// Lines. What an address did is kept in order by its key, whatever the lanes of its events.

export const authFailed = defineEvent(
  'auth.failed',
  z.object({ ip: z.string(), user: z.string(), attempts: z.int().min(0) }),
  { key: (login) => login.ip },
);
export const authAccepted = defineEvent(
  'auth.accepted',
  z.object({ ip: z.string(), user: z.string(), method: z.enum(['password', 'publickey']) }),
  { key: (login) => login.ip },
);
export const authUnknownUser = defineEvent(
  'auth.unknown-user',
  z.object({ ip: z.string(), user: z.string() }),
  { key: (login) => login.ip },
);
export const authAbuse = defineEvent('auth.abuse', z.object({ message: z.string() }));
export const authOther = defineEvent('auth.other', z.object({ program: z.string(), message: z.string() }));

/** A line that is no line of syslog. It tells nothing that is urgent. */
export const undecodable = defineEvent(
  'log.undecodable',
  z.object({ line: z.int(), reason: z.string(), bytes: z.int(), head: z.string() }),
  { priority: 'low' },
);

/** Reading of an input begins. The lines that follow are of it. */
export const inputOpened = defineEvent('input.opened', z.object({ firstLine: z.string() }));

// Alerts. Their key is the address, given where they are published.

export const bruteForce = defineEvent('auth.alert.bruteforce', z.object({ count: z.int() }), {
  priority: 'high',
});
export const compromised = defineEvent(
  'auth.alert.compromised',
  z.object({ user: z.string(), failures: z.int() }),
  { priority: 'critical' },
);
export const spray = defineEvent(
  'auth.alert.spray',
  z.object({ count: z.int(), users: z.array(z.string()).readonly() }),
  { priority: 'high' },
);

export type Alert = EventOf<typeof bruteForce> | EventOf<typeof compromised> | EventOf<typeof spray>;
