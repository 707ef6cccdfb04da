// The compiled library that the runs try, each module when it is asked for: a life of a program that is killed again and
// again should load no more than it needs.

/** The library of this repository, unless BREAKWATER_DIST names another. */
const dist = process.env.BREAKWATER_DIST ?? new URL('../../dist', import.meta.url).href;

/** One of its modules, named as in the tree: `src/nats/index`. */
export const compiled = (module) => import(`${dist}/${module}.js`);

const nothing = () => {};

/** A logger that says nothing: what goes wrong in a run is meant to. */
export const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
