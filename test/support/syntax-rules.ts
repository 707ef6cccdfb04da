import { Visitor, type VisitorObject } from 'oxc-parser';
import { basename } from 'node:path/posix';
import type { ParsedFile } from './parsed-file.ts';

// RxJS functions that run on the real clock unless a scheduler is handed over, and the number of
// arguments from which on they have one.
const RXJS_TIMED: Readonly<Record<string, number>> = {
  auditTime: 2,
  bufferTime: 2,
  debounceTime: 2,
  delay: 2,
  interval: 2,
  sampleTime: 2,
  throttleTime: 2,
  timeInterval: 1,
  timeout: 2,
  timer: 2,
  timestamp: 1,
  windowTime: 2,
};

const VAGUE_NAMES = /^(?:types|utils?|helpers?|constants?|common|misc|shared)\.ts$/u;

function collect(
  file: ParsedFile,
  build: (add: (offset: number, message: string) => void) => VisitorObject,
): string[] {
  const problems: string[] = [];
  new Visitor(build((at, message) => problems.push(`${file.path}:${file.lineAt(at)} ${message}`))).visit(
    file.program,
  );
  return problems;
}

/** Reports enums, namespaces, `export *` and default exports, wherever the linter cannot. */
export function forbiddenForms(file: ParsedFile): string[] {
  const mayDefault = /^examples\/|\/fixtures\/|\.config\.ts$/u.test(file.path);
  return collect(file, (add) => ({
    TSEnumDeclaration: ({ start }) => add(start, 'declares an enum: use a union of strings'),
    TSModuleDeclaration: ({ start, kind, id }) => {
      // `declare module 'x'` and `declare global` describe the outside world; a namespace does not.
      if (kind === 'namespace' && id.type === 'Identifier') add(start, 'declares a namespace: use a file');
    },
    ExportAllDeclaration: ({ start }) => add(start, 'exports everything: re-export by name'),
    ExportDefaultDeclaration: ({ start }) => {
      if (!mayDefault) add(start, 'has a default export: export by name');
    },
  }));
}

/** Reports reads of the real clock that the linter cannot see: `new Date()`, `Date()`, RxJS timers without a scheduler. */
export function realTime(file: ParsedFile): string[] {
  const timed = new Set(
    file.program.body
      .filter((node) => node.type === 'ImportDeclaration')
      .filter(({ source }) => source.value === 'rxjs' || source.value.startsWith('rxjs/'))
      .flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name)),
  );
  return collect(file, (add) => ({
    NewExpression: ({ start, callee, arguments: given }) => {
      if (callee.type === 'Identifier' && callee.name === 'Date' && given.length === 0) {
        add(start, 'reads the real time with new Date(): ask the Clock port');
      }
    },
    CallExpression: ({ start, callee, arguments: given }) => {
      if (callee.type !== 'Identifier') return;
      if (callee.name === 'Date') add(start, 'reads the real time with Date(): ask the Clock port');
      const needed = timed.has(callee.name) ? RXJS_TIMED[callee.name] : undefined;
      if (needed !== undefined && given.length < needed) {
        add(start, `calls ${callee.name} of RxJS on the real clock: pass the scheduler of the Clock port`);
      }
    },
  }));
}

/** Reports lint and compiler suppressions that give no reason after `--`. */
export function silentSuppressions(file: ParsedFile): string[] {
  return file.comments
    .filter(({ value }) => /^\s*(?:(?:oxlint|eslint)-disable|@ts-(?:ignore|nocheck))/u.test(value))
    .filter(({ value }) => !/ -- \S/u.test(value) || /@ts-/u.test(value))
    .map(
      ({ start, value }) => `${file.path}:${file.lineAt(start)} suppresses a check without a reason:${value}`,
    );
}

/** Reports names that say nothing about what is in the file. */
export function vagueName(file: ParsedFile): string[] {
  return VAGUE_NAMES.test(basename(file.path))
    ? [`${file.path}:1 is named for nothing: put each thing with its owner`]
    : [];
}

/** Reports index files that do more than re-export by name. */
export function busyIndex(file: ParsedFile): string[] {
  if (basename(file.path) !== 'index.ts') return [];
  return file.program.body
    .filter((node) => node.type !== 'ExportNamedDeclaration' || node.source === null)
    .map(({ start }) => `${file.path}:${file.lineAt(start)} does more than re-export by name`);
}
