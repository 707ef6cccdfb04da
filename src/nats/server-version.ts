import type { ServerInfo } from '@nats-io/transport-node';
import { TransportError } from '../../streams/event/errors.ts';

/** Since then no request of one account harms another (CVE-2025-30215). */
const soundVersion = '2.10.27';
/** What everything here is built on. */
const leastVersion = '2.9.0';

/** Whether `version` is `least` or newer. What follows the three numbers does not count. */
export function isAtLeast(version: string, least: string): boolean {
  const [found, wanted] = [numbersOf(version), numbersOf(least)];
  for (let at = 0; at < 3; at += 1) {
    const difference = (found[at] ?? 0) - (wanted[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * Judges the server that a connection has found. Gives what an operator should be told about it, if anything.
 *
 * @throws TransportError that names the version found and the one needed.
 */
export function judgeServer(info: ServerInfo, oldServers: 'warn' | 'refuse' | 'allow'): string | undefined {
  const { version } = info;
  if (!isAtLeast(version, leastVersion)) {
    throw new TransportError(
      `the NATS server is ${version}, and at least ${leastVersion} is needed: upgrade it`,
    );
  }
  if (oldServers === 'allow' || isAtLeast(version, soundVersion)) return openness(info);
  const defect =
    `the NATS server is ${version}; before ${soundVersion} a user of one account can wipe the streams of ` +
    'another (CVE-2025-30215)';
  if (oldServers === 'refuse') throw new TransportError(`${defect}: upgrade it, or set oldServers: 'warn'`);
  return [`${defect}: upgrade it`, openness(info) ?? []].flat().join('; ');
}

/** Says so where everybody who reaches a server from elsewhere may read and write all events. */
function openness({ auth_required, tls_verify, client_ip = '127.0.0.1' }: ServerInfo): string | undefined {
  const isLocal = client_ip.startsWith('127.') || client_ip === '::1';
  if (isLocal || auth_required === true || tls_verify === true) return undefined;
  return (
    `the NATS server asks nobody who they are, and is reached from ${client_ip}: whoever reaches it may read, write ` +
    'and delete all events; give it users and permissions'
  );
}

function numbersOf(version: string): number[] {
  return version.split('-', 1).flatMap((numbers) => numbers.split('.').map(Number));
}
