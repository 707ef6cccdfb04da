import { describeError } from '../streams/event/describe-error.ts';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { handlerMark, type HandlerDefinition } from '../actors/define-handler.ts';
import type { Clock } from '../streams/event/clock.ts';
import { describeValue } from '../streams/event/describe-value.ts';
import { isGlob } from '../streams/event/glob.ts';
import { importModule } from './import-module.ts';

/** Why a file gave no handler. */
export type DiscoveryFault =
  | 'folder-missing'
  | 'import-failed'
  | 'import-timed-out'
  | 'no-default-export'
  | 'not-a-handler'
  | 'no-event'
  | 'no-handle'
  | 'outside-folder'
  | 'subscribe-failed';

/** A file that should have given a handler and did not: what is wrong and what to do. */
export interface DiscoveryDiagnosis {
  readonly file: string;
  readonly fault: DiscoveryFault;
  readonly message: string;
  readonly cause?: unknown;
}

/** A handler that a module defines. */
export interface FoundHandler {
  /** The file's name without its ending: the default name of the subscriber. */
  readonly name: string;
  readonly file: string;
  readonly definition: HandlerDefinition;
}

/** What `discoverHandlers` found in a folder, and what was wrong there. */
export interface DiscoveryReport {
  readonly found: readonly FoundHandler[];
  readonly faults: readonly DiscoveryDiagnosis[];
  /** Files that are no modules, by design: declarations, tests, other endings. */
  readonly skipped: readonly string[];
}

const moduleEnding = /\.(?:js|mjs|cjs|ts|mts)$/;
const notHandlers = /\.(?:test|spec|d)\.[a-z]+$/;

/**
 * Finds the handlers of a folder: every module in it that default-exports `defineHandler(…)`, by name.
 *
 * Looks into the folder alone, not into folders in it. One broken file never keeps the others from being
 * found. Rejects only for what is not a matter of the files; everything else is in the report.
 */
export async function findHandlers(
  folder: string | URL,
  ports: { readonly clock: Clock; readonly importTimeoutMs: number },
): Promise<DiscoveryReport> {
  const path = typeof folder === 'string' ? folder : fileURLToPath(folder);
  const found: FoundHandler[] = [];
  const faults: DiscoveryDiagnosis[] = [];
  const skipped: string[] = [];
  let root: string;
  let names: string[];
  try {
    root = await realpath(path);
    names = (await readdir(root)).toSorted();
  } catch (cause) {
    const message = `folder ${path} cannot be read; check the path, it is taken relative to the working directory`;
    return { found, skipped, faults: [{ file: path, fault: 'folder-missing', message, cause }] };
  }
  for (const name of names) {
    const file = join(root, name);
    if (!moduleEnding.test(name) || notHandlers.test(name)) {
      skipped.push(file);
      continue;
    }
    const result = await examine(root, file, ports);
    if (result === undefined) skipped.push(file);
    else if ('fault' in result) faults.push(result);
    else found.push(result);
  }
  return { found, faults, skipped };
}

/** One file: a handler, what is wrong with it, or `undefined` for what is no file at all. */
async function examine(
  root: string,
  file: string,
  ports: { readonly clock: Clock; readonly importTimeoutMs: number },
): Promise<FoundHandler | DiscoveryDiagnosis | undefined> {
  const fail = (fault: DiscoveryFault, message: string, cause?: unknown): DiscoveryDiagnosis =>
    cause === undefined ? { file, fault, message } : { file, fault, message, cause };
  let real: string;
  try {
    real = await realpath(file);
    if (!(await stat(real)).isFile()) return undefined;
  } catch (cause) {
    return fail('import-failed', 'cannot be read: a link to nothing, or in a circle', cause);
  }
  if (!real.startsWith(root + sep)) {
    return fail('outside-folder', `is a link to ${real}, outside the folder; put the file itself there`);
  }
  let module: { readonly default?: unknown };
  try {
    module = (await withTimeout(importModule(real), ports)) as { readonly default?: unknown };
  } catch (cause) {
    if (cause === timedOut) {
      return fail(
        'import-timed-out',
        `did not finish loading in ${ports.importTimeoutMs} ms; look for a top-level await`,
      );
    }
    return fail('import-failed', `could not be imported: ${describeError(cause)}`, cause);
  }
  // The loader of TypeScript gives the module itself as the default of a module that has none.
  return judge(file, Object.hasOwn(module, 'default') ? module.default : undefined, fail);
}

function judge(
  file: string,
  exported: unknown,
  fail: (fault: DiscoveryFault, message: string) => DiscoveryDiagnosis,
): FoundHandler | DiscoveryDiagnosis {
  if (exported === undefined) {
    return fail('no-default-export', 'has no default export; write `export default defineHandler({ … })`');
  }
  if (typeof exported !== 'object' || exported === null || !(handlerMark in exported)) {
    return fail('not-a-handler', `default-exports ${describeValue(exported)}, not what defineHandler gives`);
  }
  const { event, handle } = exported as Partial<HandlerDefinition>;
  const named = typeof event === 'string' || typeof event === 'function' || isGlob(event);
  if (!named) {
    return fail(
      'no-event',
      `names no event; add \`event\`: a definition or a pattern, got ${describeValue(event)}`,
    );
  }
  if (typeof handle !== 'function') {
    return fail('no-handle', `has no \`handle\` function, got ${describeValue(handle)}`);
  }
  return { name: basename(file).replace(moduleEnding, ''), file, definition: exported as HandlerDefinition };
}

const timedOut = Symbol('timed out');

async function withTimeout<T>(
  work: Promise<T>,
  { clock, importTimeoutMs }: { readonly clock: Clock; readonly importTimeoutMs: number },
): Promise<T> {
  let timer: unknown;
  const limit = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(timedOut), importTimeoutMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clock.clearTimeout(timer);
  }
}
