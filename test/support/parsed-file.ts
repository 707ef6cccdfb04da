import { parseSync, Visitor, type Program } from 'oxc-parser';
import { posix } from 'node:path';

/** One place where a file names another module, be it a value, a type or a dynamic import. */
export interface ImportSite {
  readonly specifier: string;
  readonly line: number;
  /** The repository path of a relative import; undefined for a package. */
  readonly target: string | undefined;
}

/** One TypeScript file with everything the architecture rules ask about it. */
export interface ParsedFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly { readonly value: string; readonly start: number; readonly end: number }[];
  readonly imports: readonly ImportSite[];
  /** The 1-based line of an offset. */
  lineAt(offset: number): number;
}

/** Parses one source; a syntax error throws with the file and the message. */
export function parseFile(path: string, text: string): ParsedFile {
  const { program, comments, module, errors } = parseSync(path, text);
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  const [error] = errors;
  if (error) throw new SyntaxError(`${path}:${lineAt(error.labels[0]?.start ?? 0)} ${error.message}`);

  const imports: ImportSite[] = [];
  const add = (specifier: string, offset: number): void => {
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    imports.push({ specifier, line: lineAt(offset), target });
  };

  for (const { moduleRequest } of module.staticImports) add(moduleRequest.value, moduleRequest.start);
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries) {
      if (moduleRequest) add(moduleRequest.value, moduleRequest.start);
    }
  }
  new Visitor({
    ImportExpression: ({ source }) => {
      if (source.type === 'Literal' && typeof source.value === 'string') add(source.value, source.start);
    },
    TSImportType: ({ source }) => add(source.value, source.start),
  }).visit(program);

  return { path, text, program, comments, imports, lineAt };
}
