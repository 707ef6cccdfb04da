import { readText } from './repository.ts';

/** The operators that `breakwater/streams` exports, and what helps them: the functions of its operators folder. */
export function operatorNames(): string[] {
  const index = readText('streams/index.ts');
  const names: string[] = [];
  for (const [, list = ''] of index.matchAll(/^export \{([^}]*)\} from '\.\/operators\/[^']*';/gmu)) {
    for (const name of list.split(',').map((part) => part.trim())) {
      if (/^[a-z]\w*$/u.test(name)) names.push(name);
    }
  }
  return names.toSorted();
}
