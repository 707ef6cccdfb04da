/** Colours for a terminal; on anything else, and where `NO_COLOR` is set, text stays as it is. */
export interface Paint {
  red(text: string): string;
  yellow(text: string): string;
  bold(text: string): string;
  dim(text: string): string;
}

/** Makes the colours for one output. A non-empty `NO_COLOR` and a dumb terminal turn them off. */
export function createPaint(
  output: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Paint {
  const { NO_COLOR: noColour = '', TERM: terminal } = environment;
  const colourful = output.isTTY === true && noColour === '' && terminal !== 'dumb';
  const style = (code: number): ((text: string) => string) =>
    colourful ? (text) => `\u001b[${code}m${text}\u001b[0m` : (text) => text;
  return { red: style(31), yellow: style(33), bold: style(1), dim: style(2) };
}
