import { parseSync, Visitor } from 'oxc-parser';

/** One runnable TypeScript block of a page. */
export interface DocSample {
  /** Page and line of the first line of code, as in `README.md:12`. */
  readonly place: string;
  readonly page: string;
  /** The line of the page on which the code begins. */
  readonly line: number;
  readonly code: string;
  /** What the page says it prints, in the `text` block after `Output:`. */
  readonly output: string | undefined;
}

const FENCE = /^(\s*)(`{3,})(.*)$/u;

interface Block {
  readonly info: string;
  readonly line: number;
  readonly body: readonly string[];
  /** The lines between the previous block and this one. */
  readonly before: readonly string[];
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let before: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const opening = FENCE.exec(lines[at] ?? '');
    if (opening === null) {
      before.push(lines[at] ?? '');
      continue;
    }
    const [, indent = '', fence = '', info = ''] = opening;
    const body: string[] = [];
    const line = at + 2;
    for (at += 1; at < lines.length && (lines[at] ?? '').trim() !== fence; at += 1) {
      body.push((lines[at] ?? '').slice(indent.length));
    }
    blocks.push({ info: info.trim(), line, body, before });
    before = [];
  }
  return blocks;
}

/**
 * Cuts the `ts` blocks out of a page, but those marked `ts no-run`. A block marked `ts continue` goes on
 * with the one before it: together they are one program.
 */
export function samplesOf(page: string, text: string): DocSample[] {
  const samples: DocSample[] = [];
  const blocks = blocksOf(text);
  for (const [index, { info, line, body }] of blocks.entries()) {
    const [language, ...marks] = info.split(/\s+/u);
    if ((language !== 'ts' && language !== 'typescript') || marks.includes('no-run')) continue;
    const next = blocks[index + 1];
    const printed = next?.info === 'text' && next.before.join('').trim() === 'Output:';
    const output = printed ? next.body.join('\n') : undefined;
    const code = body.join('\n');
    const begun = marks.includes('continue') ? samples.pop() : undefined;
    samples.push(
      begun === undefined
        ? { place: `${page}:${line}`, page, line, code, output }
        : { ...begun, code: joined(begun, line, code), output: output ?? begun.output },
    );
  }
  return samples;
}

/** The code of both blocks, as far apart as on the page, so that an error names the right line. */
function joined(begun: DocSample, line: number, code: string): string {
  const gap = line - begun.line - begun.code.split('\n').length;
  return `${begun.code}${'\n'.repeat(gap + 1)}${code}`;
}

interface Shown {
  readonly start: number;
  readonly end: number;
}

/**
 * Turns each `expression; // => value` of a sample into a check of that value.
 *
 * Lines stay where they are, so that an error still names the right line of the page.
 */
export function withChecks(code: string): string {
  const { program, comments, errors } = parseSync('sample.ts', code);
  if (errors[0]) throw new SyntaxError(errors[0].message);

  const candidates: (Shown & { readonly statementEnd: number })[] = [];
  new Visitor({
    ExpressionStatement: ({ expression, end }) => {
      const logged =
        expression.type === 'CallExpression' && /^console\.\w+$/u.test(textOf(code, expression.callee));
      const shown = logged ? expression.arguments[0] : expression;
      if (shown) candidates.push({ start: shown.start, end: shown.end, statementEnd: end });
    },
    VariableDeclaration: ({ declarations, end }) => {
      const init = declarations.at(-1)?.init;
      if (init) candidates.push({ start: init.start, end: init.end, statementEnd: end });
    },
  }).visit(program);

  const edits = comments.flatMap(({ value, start }) => {
    const expected = /^\s*=>\s*(.+?)\s*$/u.exec(value)?.[1];
    if (expected === undefined) return [];
    const shown = candidates.find(
      ({ statementEnd }) => code.slice(statementEnd, start).trim() === '' && start >= statementEnd,
    );
    const line = code.slice(0, start).split('\n').length;
    if (shown === undefined || code.slice(shown.statementEnd, start).includes('\n')) {
      throw new SyntaxError(`line ${line}: "// =>" follows no expression`);
    }
    return [
      { at: shown.start, text: `showsValue(${JSON.stringify(expected)}, ${line}, ` },
      { at: shown.end, text: ')' },
    ];
  });
  const checked = edits
    .toSorted((a, b) => b.at - a.at)
    .reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), code);
  return /^(?:import|export)\b/mu.test(code) ? checked : `${checked}\nexport {};`;
}

function textOf(code: string, { start, end }: Shown): string {
  return code.slice(start, end);
}
