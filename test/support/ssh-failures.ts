import { readLines } from './data-lines.ts';

export interface SshFailure {
  /** Milliseconds since the epoch, in the year 2000. */
  readonly time: number;
  readonly ip: string;
  readonly user: string;
}

const line = /^(\w{3}) +(\d+) (\d\d:\d\d:\d\d) \S+ sshd\[\d+\]: (.*)$/u;
const repeated = /^message repeated (\d+) times: \[ (.*)\]$/u;
const failed = /^Failed password for (?:invalid user )?(.*) from (\S+) port \d+ ssh2$/u;

/** The failed logins of ssh-auth, in file order; a line that says it was repeated gives as many. */
export function readSshFailures(): SshFailure[] {
  return readLines('ssh-auth/auth.log.gz').flatMap((text) => {
    const [, month, day, clock, message = ''] = line.exec(text) ?? [];
    const [, times = '1', inner = message] = repeated.exec(message) ?? [];
    const [, user, ip] = failed.exec(inner) ?? [];
    if (user === undefined || ip === undefined) return [];
    const failure = { time: Date.parse(`${day} ${month} 2000 ${clock} UTC`), ip, user };
    return Array.from({ length: Number(times) }, () => failure);
  });
}
