import type { Priority } from 'breakwater';
import type { AcceptedLine, AuthLine } from './auth-line.ts';
import { unwrapRepeated } from './repeated.ts';

const abuses = [
  'POSSIBLE BREAK-IN ATTEMPT',
  'Too many authentication failures',
  'maximum authentication attempts exceeded',
];
const failed = 'Failed password for ';
const invalidUser = 'Invalid user ';

/** Reads the messages of OpenSSH's own daemon, program `sshd`. */
export function readOpenSsh(program: string, message: string, time: number): AuthLine {
  if (program !== 'sshd') return { kind: 'other', time, priority: 'low', program, message };
  const { message: said, times } = unwrapRepeated(message);
  const priority = severity(message, said);

  if (said.startsWith(failed)) {
    const origin = originOf(said, failed.length);
    if (origin !== undefined) {
      const user = origin.user.startsWith('invalid user ') ? origin.user.slice(13) : origin.user;
      return { kind: 'failed', time, priority, ip: origin.ip, user, attempts: times };
    }
  } else if (message.startsWith('Accepted ')) {
    const accepted = readAccepted(message, time, priority);
    if (accepted !== undefined) return accepted;
  } else if (message.startsWith(invalidUser)) {
    const at = message.lastIndexOf(' from ');
    const ip = at < 0 ? '' : message.slice(at + 6).split(' ', 1)[0];
    if (ip) return { kind: 'unknown-user', time, priority, ip, user: message.slice(invalidUser.length, at) };
  }
  if (priority === 'critical') return { kind: 'abuse', time, priority, message };
  return { kind: 'other', time, priority, program, message };
}

/** Which lane a message waits in. It looks at the words alone: what cannot be read further is urgent too. */
function severity(message: string, said: string): Priority {
  if (abuses.some((abuse) => message.includes(abuse))) return 'critical';
  if (message.startsWith('Accepted ') || said.startsWith('Failed password for root ')) return 'high';
  return said.startsWith('Failed password ') || message.startsWith(invalidUser) ? 'normal' : 'low';
}

function readAccepted(message: string, time: number, priority: Priority): AcceptedLine | undefined {
  for (const method of ['password', 'publickey'] as const) {
    if (message.startsWith(`${method} for `, 9)) {
      const origin = originOf(message, 9 + method.length + 5);
      return origin && { kind: 'accepted', time, priority, ip: origin.ip, user: origin.user, method };
    }
  }
  return undefined;
}

/**
 * Reads `USER from IP port N` that starts at `start`.
 *
 * The client chooses USER, which may hold ` from 192.0.2.1 port 22` to put the blame on another address:
 * only the last such group of the message is the daemon's own.
 */
function originOf(
  message: string,
  start: number,
): { readonly user: string; readonly ip: string } | undefined {
  const from = message.lastIndexOf(' from ');
  if (from < start) return undefined;
  const origin = /^([\w.:%-]{1,255}) port \d{1,5}(?: |$)/.exec(message.slice(from + 6, from + 300));
  return origin?.[1] === undefined ? undefined : { user: message.slice(start, from), ip: origin[1] };
}
