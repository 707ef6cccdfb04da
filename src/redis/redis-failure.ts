import { describeError } from '../../streams/event/describe-error.ts';
import { TransportError } from '../../streams/event/errors.ts';

/** What a server says that will pass: it starts, fails over, or is at a long script. */
const passing = /^(?:LOADING|READONLY|MASTERDOWN|TRYAGAIN|BUSY|CLUSTERDOWN|NOREPLICAS)\b/;
/** What the client says when no answer has come. */
const unanswered =
  /^(?:Connection is closed|Stream isn't writeable|Socket timeout|Command aborted|Reached the max retries)/;

/** What became of a command that failed. */
export type Verdict = 'passes' | 'unknown' | 'refused';

/** Judges a failure: `unknown` when the server may have done it. */
export function judgeFailure(error: unknown): Verdict {
  const text = describeFailure(error);
  if (passing.test(text)) return 'passes';
  const { code } = error as { code?: unknown };
  return unanswered.test(text) || (typeof code === 'string' && !code.startsWith('ERR_'))
    ? 'unknown'
    : 'refused';
}

/** Says what is wrong, without what was sent: the client repeats passwords and payloads in its errors. */
export function describeFailure(error: unknown): string {
  const text = error instanceof Error && error.message !== '' ? error.message : describeError(error);
  return text.replace(/,? with args beginning with:.*$/s, '');
}

/** The failure as an error of ours. Its cause is a copy without what was sent. */
export function asTransportError(what: string, error: unknown): TransportError {
  if (error instanceof TransportError) return error;
  const why = describeFailure(error);
  return new TransportError(`${what}: ${why}`, { cause: new Error(why) });
}

/** Whether a server said no to who we are, rather than nothing. */
export function isRefusal(error: unknown): boolean {
  return /^(?:NOAUTH|WRONGPASS|NOPERM|DENIED|ERR )|certificate|self[- ]signed/i.test(describeFailure(error));
}
