import { describeValue } from './describe-value.ts';

/**
 * The names of all options of a kind; as a record, so that the compiler finds one that is missing or too many. Those of
 * `'function'` must be functions, those of `'output'` have a function `next`; others are for their owner to check.
 */
export type OptionNames<Options> = Readonly<Record<keyof Options, OptionCheck>>;

type OptionCheck = true | 'function' | 'output';

/**
 * Refuses what is no object of options, and options that do not exist: a misspelt one would be lost in silence.
 *
 * @throws TypeError that names the option, and those that there are, or what it must be.
 */
export function checkOptions<Options>(what: string, options: Options, names: OptionNames<Options>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what} must be an object of options, got ${describeValue(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(names, name) && names[name as keyof Options];
    if (check === false) {
      throw new TypeError(
        `${describeValue(name)} is not an option of ${what}; there are ${Object.keys(names).join(', ')}`,
      );
    }
    if (check !== true && value !== undefined) checkCallable(name, value, check);
  }
}

function checkCallable(name: string, value: unknown, check: 'function' | 'output'): void {
  if (check === 'function') {
    if (typeof value === 'function') return;
    throw new TypeError(`${name} must be a function, got ${describeValue(value)}`);
  }
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  if (isObject && typeof Reflect.get(value, 'next') === 'function') return;
  throw new TypeError(`${name} must have a function next, as a Subject has; got ${describeValue(value)}`);
}

/** Refuses what is none of a closed set of texts. @throws TypeError that names them. */
export function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === 'string' && choices.includes(value)) return;
  throw new TypeError(`${name} must be one of ${choices.join(', ')}; got ${describeValue(value)}`);
}

/** Refuses what is no object with all these functions, as a port must be. @throws TypeError that names the one missing. */
export function checkPort(name: string, port: unknown, functions: readonly string[]): void {
  if (typeof port !== 'object' || port === null) {
    throw new TypeError(`${name} must be an object, got ${describeValue(port)}`);
  }
  for (const member of functions) {
    const value: unknown = Reflect.get(port, member);
    if (typeof value !== 'function') {
      throw new TypeError(`${name}.${member} must be a function, got ${describeValue(value)}`);
    }
  }
}

/** Refuses what is no array of functions. @throws TypeError that names the first other element. */
export function checkFunctions(name: string, values: unknown): void {
  if (!Array.isArray(values)) {
    throw new TypeError(`${name} must be an array of functions, got ${describeValue(values)}`);
  }
  for (const [index, value] of values.entries()) {
    if (typeof value !== 'function') {
      throw new TypeError(`${name}[${index}] must be a function, got ${describeValue(value)}`);
    }
  }
}

/** The options that say something: an option that is `undefined` counts as absent. */
export function givenOptions<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}
