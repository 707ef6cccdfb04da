import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { createLineParser } from '../../../examples/1-auth-watch/parse/line-parser.ts';
import { readOpenSsh } from '../../../examples/1-auth-watch/parse/openssh.ts';
import { readPam } from '../../../examples/1-auth-watch/parse/pam.ts';

const time = Date.UTC(2000, 2, 27, 13, 6, 56);
const stamp = 'Mar 27 13:06:56 host ';
const parse = (line: string) => createLineParser(readOpenSsh)(line);
const parsePam = (line: string) => createLineParser(readPam)(line);

describe('createLineParser', () => {
  it.each([
    ['no time stamp', 'hello world: how are you'],
    ['no time stamp', ''],
    ['no host name', 'Mar 27 13:06:56 '],
    ['no host name', 'Mar 27 13:06:56 host'],
    ['no program name', 'Mar 27 13:06:56 host just words'],
    ['no program name', 'Mar 27 13:06:56 host : nobody said this'],
  ])('says %j of %j', (reason, line) => {
    expect(parse(line)).toBe(reason);
  });

  it.each([
    ['systemd', `${stamp}systemd: started`],
    ['CRON', `${stamp}CRON[12]: session opened: root`],
    ['syslogd 1.4.1', `${stamp}syslogd 1.4.1: restart.`],
    ['kernel', `${stamp}kernel:no space`],
    ['', `${stamp}last message repeated 2 times`],
  ])('reads the program %j of %j', (program, line) => {
    expect(parse(line)).toMatchObject({ kind: 'other', program, priority: 'low', time });
  });

  it('never throws, whatever the line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        expect(() => [
          parse(line),
          parse(stamp + line),
          parse(`${stamp}sshd[1]: ${line}`),
          parsePam(line),
        ]).not.toThrow();
      }),
    );
  });
});

describe('readOpenSsh', () => {
  const from = 'from 192.0.2.7 port 4711 ssh2';
  const read = (message: string) => parse(`${stamp}sshd[1]: ${message}`);

  it.each([
    [`Failed password for root ${from}`, 'root', 1, 'high'],
    [`Failed password for alice ${from}`, 'alice', 1, 'normal'],
    [`Failed password for invalid user admin ${from}`, 'admin', 1, 'normal'],
    [`Failed password for invalid user  ${from}`, '', 1, 'normal'],
    [`Failed password for invalid user two words ${from}`, 'two words', 1, 'normal'],
    [`message repeated 5 times: [ Failed password for root ${from}]`, 'root', 5, 'high'],
    [`message repeated 2 times: [ Failed password for invalid user a ${from}]`, 'a', 2, 'normal'],
    [`message repeated 0 times: [ Failed password for b ${from}]`, 'b', 0, 'normal'],
  ])('reads %j as failed logins', (message, user, attempts, priority) => {
    expect(read(message)).toEqual({ kind: 'failed', time, priority, ip: '192.0.2.7', user, attempts });
  });

  it('does not let a name put the blame on another address', () => {
    const message = `Failed password for invalid user x from 10.0.0.1 port 22 ssh2 ${from}`;

    expect(read(message)).toMatchObject({ ip: '192.0.2.7', user: 'x from 10.0.0.1 port 22 ssh2' });
  });

  it.each([
    [`Accepted password for alice ${from}`, 'alice', 'password'],
    [`Accepted publickey for bob ${from}: RSA SHA256:abc`, 'bob', 'publickey'],
  ])('reads %j as a login', (message, user, method) => {
    expect(read(message)).toEqual({
      kind: 'accepted',
      time,
      priority: 'high',
      ip: '192.0.2.7',
      user,
      method,
    });
  });

  it.each(['Invalid user eve from 192.0.2.7', 'Invalid user eve from 192.0.2.7 port 4711'])(
    'reads %j as an unknown user',
    (message) => {
      expect(read(message)).toEqual({
        kind: 'unknown-user',
        time,
        priority: 'normal',
        ip: '192.0.2.7',
        user: 'eve',
      });
    },
  );

  it('takes the last address of an unknown user for its own', () => {
    expect(read('Invalid user a from 10.0.0.1 from 192.0.2.7')).toMatchObject({
      ip: '192.0.2.7',
      user: 'a from 10.0.0.1',
    });
  });

  it.each([
    [
      'abuse',
      'critical',
      'reverse mapping checking getaddrinfo for x [192.0.2.7] failed - POSSIBLE BREAK-IN ATTEMPT!',
    ],
    ['abuse', 'critical', 'Disconnecting: Too many authentication failures [preauth]'],
    ['abuse', 'critical', `error: maximum authentication attempts exceeded for root ${from} [preauth]`],
    ['other', 'high', `Accepted keyboard-interactive/pam for alice ${from}`],
    ['other', 'high', 'Failed password for root and nothing else'],
    ['other', 'normal', 'Failed password for nobody, from nowhere'],
    ['other', 'low', `Failed none for alice ${from}`],
    ['other', 'low', `Failed publickey for alice ${from}`],
    ['other', 'low', `message repeated 3 times: [ Accepted password for alice ${from}]`],
    ['other', 'low', 'message repeated 99999999999999999999 times: [ Failed password for root]'],
    ['other', 'low', 'pam_unix(sshd:auth): authentication failure; logname= rhost=192.0.2.7  user=root'],
  ])('reads %s of lane %s from %j', (kind, priority, message) => {
    expect(read(message)).toMatchObject({ kind, priority });
  });

  it('counts a failed login that is critical by its words', () => {
    expect(read(`Failed password for invalid user POSSIBLE BREAK-IN ATTEMPT ${from}`)).toMatchObject({
      kind: 'failed',
      priority: 'critical',
    });
  });

  it('takes the same words of another program for noise', () => {
    expect(parse(`${stamp}su[1]: Failed password for root ${from}`)).toMatchObject({
      kind: 'other',
      priority: 'low',
    });
  });
});

describe('readPam', () => {
  const failure = 'authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4 ';
  const read = (message: string) => parsePam(`${stamp}sshd(pam_unix)[19939]: ${message}`);

  it.each([
    [`${failure} user=root`, 'root', 1, 'high'],
    [`${failure} user=guest`, 'guest', 1, 'normal'],
    [failure, '', 1, 'normal'],
    [failure.trimEnd(), '', 1, 'normal'],
    [`message repeated 4 times: [ ${failure} user=root]`, 'root', 4, 'high'],
  ])('reads %j as failed logins', (message, user, attempts, priority) => {
    expect(read(message)).toEqual({ kind: 'failed', time, priority, ip: '218.188.2.4', user, attempts });
  });

  it('reads the form of newer modules too', () => {
    expect(parsePam(`${stamp}sshd[7]: pam_unix(sshd:auth): ${failure} user=root`)).toMatchObject({
      kind: 'failed',
      user: 'root',
    });
  });

  it('does not let a name put the blame on another address', () => {
    expect(read('authentication failure; ruser= rhost=  user=x rhost=10.0.0.1 ')).toMatchObject({
      kind: 'other',
    });
  });

  it.each([
    'check pass; user unknown',
    'session opened for user root by (uid=0)',
    'authentication failure; logname= uid=0 ruser= rhost=  user=root',
  ])('reads %j as nothing in particular', (message) => {
    expect(read(message)).toMatchObject({ kind: 'other', priority: 'low' });
  });

  it('leaves other programs and the messages of the daemon itself alone', () => {
    expect(parsePam(`${stamp}su(pam_unix)[7]: ${failure} user=root`)).toMatchObject({ kind: 'other' });
    expect(parsePam(`${stamp}sshd[7]: Failed password for root from 192.0.2.7 port 1 ssh2`)).toMatchObject({
      kind: 'other',
      priority: 'low',
    });
  });
});
