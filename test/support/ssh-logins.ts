import { readLines } from './data-lines.ts';

/** A login that has failed or been accepted. */
export interface SshLogin {
  readonly kind: 'failed' | 'accepted';
  /** Milliseconds since the epoch, in the year 2000. */
  readonly time: number;
  readonly ip: string;
  readonly user: string;
}

const line = /^(\w{3}) +(\d+) (\d\d:\d\d:\d\d) \S+ sshd\[\d+\]: (.*)$/u;
const repeated = /^message repeated (\d+) times: \[ (.*)\]$/u;
const attempt =
  /^(?:(Failed) password|Accepted (?:password|publickey)) for (?:invalid user )?(.*) from (\S+) port \d+ ssh2/u;

/** The logins of ssh-auth, in file order; a line that says it was repeated gives as many. */
export function readSshLogins(): SshLogin[] {
  return readLines('ssh-auth/auth.log.gz').flatMap((text) => {
    const [, month, day, clock, message = ''] = line.exec(text) ?? [];
    const [, times = '1', inner = message] = repeated.exec(message) ?? [];
    const [, failed, user, ip] = attempt.exec(inner) ?? [];
    if (user === undefined || ip === undefined) return [];
    const kind = failed === undefined ? 'accepted' : 'failed';
    const login = { kind, time: Date.parse(`${day} ${month} 2000 ${clock} UTC`), ip, user } as const;
    return Array.from({ length: Number(times) }, () => login);
  });
}
