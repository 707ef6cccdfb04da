import type { SampleLine } from './sample-line.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What any host writes all day: one CRON job. */
export function cronJob(random: SeededRandom, at: number): SampleLine[] {
  const tag = `CRON[${random.between(1000, 32_000)}]`;
  return [
    { at, tag, message: 'pam_unix(cron:session): session opened for user root by (uid=0)' },
    { at: at + random.between(0, 2), tag, message: 'pam_unix(cron:session): session closed for user root' },
  ];
}

/** Somebody with a key logs in, does a little work as root and leaves. */
export function workSession(random: SeededRandom, at: number): SampleLine[] {
  const user = random.pick(['alice', 'bashir', 'chen', 'deploy']);
  const ip = `192.0.2.${random.between(10, 40)}`;
  const tag = `sshd[${random.between(1000, 32_000)}]`;
  const port = random.between(30_000, 60_000);
  const end = at + random.between(60, 1_500);
  const command = random.pick([
    '/usr/bin/apt-get update',
    '/bin/systemctl restart web',
    '/usr/bin/tail /var/log/syslog',
  ]);
  return [
    {
      at,
      tag,
      message: `Accepted publickey for ${user} from ${ip} port ${port} ssh2: ED25519 SHA256:c2FtcGxlIGtleQ`,
    },
    { at, tag, message: `pam_unix(sshd:session): session opened for user ${user} by (uid=0)` },
    {
      at: at + 20,
      tag: 'sudo',
      message: `  ${user} : TTY=pts/0 ; PWD=/home/${user} ; USER=root ; COMMAND=${command}`,
    },
    {
      at: at + 20,
      tag: 'sudo',
      message: `pam_unix(sudo:session): session opened for user root by ${user}(uid=0)`,
    },
    { at: at + 31, tag: 'sudo', message: 'pam_unix(sudo:session): session closed for user root' },
    { at: end, tag, message: `Received disconnect from ${ip} port ${port}:11: disconnected by user` },
    { at: end, tag, message: `pam_unix(sshd:session): session closed for user ${user}` },
  ];
}

/** Somebody mistypes the password twice and then gets it right: no alert. */
export function mistypedPassword(random: SeededRandom, at: number): SampleLine[] {
  const tag = `sshd[${random.between(1000, 32_000)}]`;
  const origin = `from 2001:db8::${random.between(1, 9)} port ${random.between(30_000, 60_000)} ssh2`;
  return [
    { at, tag, message: `Failed password for alice ${origin}` },
    { at: at + 5, tag, message: `Failed password for alice ${origin}` },
    { at: at + 12, tag, message: `Accepted password for alice ${origin}` },
  ];
}
