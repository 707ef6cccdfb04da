/**
 * Whether `text` can travel in a header, a log line and UTF-8 and come back the same: no control characters
 * (a line break would start a new header) and no lone surrogates (all of which turn into U+FFFD, so that
 * two ids could become one). One pass, no allocation.
 */
export function isPlainText(text: string): boolean {
  let surrogates = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 32 || (code >= 127 && code < 160)) return false;
    if (code >= 0xd800) surrogates = true;
  }
  return !surrogates || isWellFormed(text);
}

/** Whether text has no lone surrogates, so that UTF-8 can carry it. */
export function isWellFormed(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0xd800 || code > 0xdfff) continue;
    const next = text.charCodeAt(at + 1);
    if (code > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
    at += 1;
  }
  return true;
}

/** How many bytes well-formed text takes in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x80) continue;
    // A surrogate pair is two units and four bytes: two more for each would be wrong, one more is right.
    bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
