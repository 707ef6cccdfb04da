/** A message, and how often the line says that it came. */
export interface Repeated {
  readonly message: string;
  readonly times: number;
}

const prefix = 'message repeated ';
const opening = ' times: [ ';

/** Unwraps `message repeated 3 times: [ … ]`, with which syslog daemons fold equal messages. */
export function unwrapRepeated(message: string): Repeated {
  const plain = { message, times: 1 };
  if (!message.startsWith(prefix)) return plain;
  const digits = /^\d{1,9}/.exec(message.slice(prefix.length, prefix.length + 10))?.[0] ?? '';
  const start = prefix.length + digits.length;
  if (digits === '' || !message.startsWith(opening, start)) return plain;
  const end = message.endsWith(']') ? message.length - 1 : message.length;
  return { message: message.slice(start + opening.length, end), times: Number(digits) };
}
