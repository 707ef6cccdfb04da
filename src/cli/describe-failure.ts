/**
 * Says in one line what went wrong, for a person at a terminal.
 *
 * Only the first line of a message is kept, because errors of parsers bring pictures of the source; and
 * control characters are escaped, because an error may quote what a stranger sent.
 */
export function describeFailure(error: unknown): string {
  const { name, message } = partsOf(error);
  const [first = ''] = message.split(/[\r\n]/, 1);
  const text = name === '' || first.startsWith(name) ? first : `${name}: ${first}`;
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function partsOf(error: unknown): { readonly name: string; readonly message: string } {
  if (!(error instanceof Error)) return { name: '', message: `a thrown ${typeof error}: ${String(error)}` };
  // "Error" says nothing that the message does not.
  const { name, message } = error;
  return {
    name: name === 'Error' ? '' : name,
    message: message === '' ? 'an error without a message' : message,
  };
}
