import { existsSync } from 'node:fs';
import type { Directive, Statement, TSInterfaceDeclaration } from 'oxc-parser';
import { posix } from 'node:path';
import { parseFile, type ParsedFile } from './parsed-file.ts';
import { readText, root } from './repository.ts';

/** One public name: what it is, where it is declared and whether it is documented. */
export interface PublicName {
  readonly name: string;
  /** Such as `function` or `interface`; two kinds are joined, as in `const+type`. */
  readonly kind: string;
  readonly place: string;
  readonly documented: boolean;
}

interface Declaration {
  readonly name: string;
  readonly kind: string;
  readonly start: number;
  /** Where the fields of an options interface begin: their comments stand for one of its own. */
  readonly fields?: readonly number[];
}

/** Follows the re-exports of an index to their declarations, in the order of their names. */
export function publicNames(index: string): PublicName[] {
  if (!existsSync(root + index)) return [];
  const parsed = new Map<string, ParsedFile>();
  const load = (path: string): ParsedFile => {
    const file = parsed.get(path) ?? parseFile(path, readText(path));
    parsed.set(path, file);
    return file;
  };
  const names = parseFile(index, readText(index)).program.body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration' || node.source === null) return [];
    const path = posix.join(posix.dirname(index), node.source.value);
    return node.specifiers.map(({ local, exported }) =>
      describe(load(path), nameOf(local), nameOf(exported)),
    );
  });
  return names.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function nameOf(node: { readonly name: string } | { readonly value: string }): string {
  return 'name' in node ? node.name : node.value;
}

function describe(file: ParsedFile, local: string, name: string): PublicName {
  const found = file.program.body.flatMap((node) => declarations(node).filter((one) => one.name === local));
  const [first] = found;
  if (first === undefined)
    throw new Error(`${file.path} declares no ${local}: re-export it from its own file`);
  return {
    name,
    kind: [...new Set(found.map(({ kind }) => kind))].join('+'),
    place: `${file.path}:${file.lineAt(first.start)}`,
    documented: found.some(
      ({ start, fields }) => hasDoc(file, start) || fields?.every((at) => hasDoc(file, at)),
    ),
  };
}

function hasDoc(file: ParsedFile, start: number): boolean {
  return file.comments.some(
    ({ value, end }) =>
      /^\*[\s*]*\w/u.test(value) && end <= start && file.text.slice(end, start).trim() === '',
  );
}

function optionFields({ id, body }: TSInterfaceDeclaration): { readonly fields?: readonly number[] } {
  return id.name.endsWith('Options') ? { fields: body.body.map((field) => field.start) } : {};
}

/** The names that one top-level statement declares, with their kinds. */
function declarations(node: Directive | Statement): Declaration[] {
  const { start } = node;
  const declared = node.type === 'ExportNamedDeclaration' && node.declaration ? node.declaration : node;
  switch (declared.type) {
    case 'FunctionDeclaration':
    case 'TSDeclareFunction':
      return declared.id ? [{ name: declared.id.name, kind: 'function', start }] : [];
    case 'ClassDeclaration':
      return declared.id ? [{ name: declared.id.name, kind: 'class', start }] : [];
    case 'TSInterfaceDeclaration':
      return [{ name: declared.id.name, kind: 'interface', start, ...optionFields(declared) }];
    case 'TSTypeAliasDeclaration':
      return [{ name: declared.id.name, kind: 'type', start }];
    case 'VariableDeclaration':
      return declared.declarations.flatMap(({ id }) =>
        id.type === 'Identifier' ? [{ name: id.name, kind: declared.kind, start }] : [],
      );
    default:
      return [];
  }
}
