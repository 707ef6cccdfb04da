const longest = 60;

/**
 * Describes a value for an error message: its kind, and the value itself when that is short and harmless.
 *
 * Never calls code of the value (no `toString`, no getters), never prints control characters, and is
 * bounded in length, so that hostile input cannot speak through an error.
 */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return describeText(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return 'a bigint';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    default:
      return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  }
}

function describeText(text: string): string {
  const head = text.length > longest ? text.slice(0, longest) : text;
  // JSON escapes quotes, C0 controls and lone surrogates; the rest of the invisible ones are escaped here.
  const quoted = JSON.stringify(head).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return text.length > longest ? `${quoted}… (${text.length} characters)` : quoted;
}
