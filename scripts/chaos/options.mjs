import { parseArgs } from 'node:util';

/** Options of the command line: all are numbers or texts, each with its default. */
export function options(defaults) {
  const { values } = parseArgs({
    options: Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }])),
  });
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      const given = values[name];
      if (given === undefined) return [name, value];
      return [name, typeof value === 'number' ? Number(given) : given];
    }),
  );
}
