import type { AuthLine } from './auth-line.ts';
import { unwrapRepeated } from './repeated.ts';

const failure = 'authentication failure; ';

/**
 * Reads what the PAM module says on behalf of sshd, in place of the daemon's own messages:
 * `sshd(pam_unix)[19939]: authentication failure; … rhost=218.188.2.4  user=root`, or as newer modules
 * write it, `sshd[19939]: pam_unix(sshd:auth): authentication failure; …`. It tells nothing of logins
 * that succeed.
 */
export function readPam(program: string, message: string, time: number): AuthLine {
  const { message: repeated, times } = unwrapRepeated(message);
  const said = pamMessage(program, repeated);
  if (said?.startsWith(failure)) {
    const at = said.indexOf(' user=');
    const user = at < 0 ? '' : said.slice(at + 6).trimEnd();
    // The client chooses the name, which comes last: nothing in it may stand for another field.
    const fields = at < 0 ? said : said.slice(0, at);
    const ip = / rhost=([\w.:%-]{1,255})(?: |$)/.exec(fields)?.[1];
    if (ip !== undefined) {
      return {
        kind: 'failed',
        time,
        priority: user === 'root' ? 'high' : 'normal',
        ip,
        user,
        attempts: times,
      };
    }
  }
  return { kind: 'other', time, priority: 'low', program, message };
}

function pamMessage(program: string, message: string): string | undefined {
  if (program === 'sshd(pam_unix)') return message;
  const prefix = 'pam_unix(sshd:auth): ';
  return program === 'sshd' && message.startsWith(prefix) ? message.slice(prefix.length) : undefined;
}
