/**
 * Whether JSON text nests arrays and objects deeper than `levels`, without parsing it: deep text would be parsed,
 * at the cost of an object a byte. Looks at brackets outside strings only; wrong text is left to the parser.
 */
export function isNestedDeeper(text: string, levels: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 34) at = endOfString(text, at);
    else if (code === 91 || code === 123) {
      depth += 1;
      if (depth > levels) return true;
    } else if (code === 93 || code === 125) depth -= 1;
  }
  return false;
}

/** The place of the quote that ends the string which starts at `from`; the end of the text if none does. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text.charCodeAt(at) !== 34) at += text.charCodeAt(at) === 92 ? 2 : 1;
  return at;
}
