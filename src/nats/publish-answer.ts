import { readJsonObject } from '../json-record.ts';

/** What a server said about a message that was to be stored. */
export type PublishAnswer =
  | { readonly kind: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  /** Refused for good. */
  | { readonly kind: 'refused'; readonly why: string; readonly code: number }
  /** It may be stored or not: ask again, under the same id. */
  | { readonly kind: 'unproven'; readonly why: string };

/** "The message id is in process": said by servers from 2.11 where older ones claim a duplicate that is nowhere. */
const inProcess = 10_158;

/**
 * Reads the answer to a message that was to be stored. Only one with a sequence above 0 says that it is.
 *
 * What is no answer of a server, or another's, proves nothing.
 */
export function readPublishAnswer(data: Uint8Array): PublishAnswer {
  const answer = readJsonObject(data);
  if (answer === undefined) return { kind: 'unproven', why: 'the answer is not one of a stream' };
  const { seq, duplicate, error } = answer;
  if (typeof error === 'object' && error !== null) return refusal(error);
  if (typeof seq === 'number' && Number.isSafeInteger(seq) && seq > 0) {
    return { kind: 'stored', sequence: seq, duplicate: duplicate === true };
  }
  return { kind: 'unproven', why: 'the server calls it a duplicate and cannot say of what' };
}

function refusal(error: object): PublishAnswer {
  const { code, err_code, description } = error as Record<string, unknown>;
  const why = `${typeof description === 'string' ? description.slice(0, 200) : 'no reason given'} (${String(err_code)})`;
  if (code === 503 || err_code === inProcess) return { kind: 'unproven', why };
  return { kind: 'refused', why, code: Number(err_code) };
}
