/**
 * Makes text from a log safe to print: a client that calls itself `\u001b[2J` must not clear the terminal,
 * nor one with a right-to-left override turn the line around.
 */
export function escapeText(text: string): string {
  return text.replace(
    // C0 and C1 controls, DEL, and what is invisible or changes the direction of writing.
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Quotes a name of the log for people, escaped and no longer than a line can take. */
export function quoteText(text: string): string {
  const longest = 64;
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return `"${escapeText(shown)}"`;
}
