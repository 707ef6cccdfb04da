import fc from 'fast-check';

/**
 * The seed of all properties, where one is given: `FAST_CHECK_SEED=7 npx vitest run`. The gate gives one, so
 * that the same commit passes or fails the same each time; every other run draws its own and explores.
 */
const seed = Number(process.env['FAST_CHECK_SEED'] ?? Number.NaN);
if (Number.isSafeInteger(seed)) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

/** Against mutants a property that fails has said enough: nobody reads the smallest case of thousands. */
if (process.env['BREAKWATER_MUTATION_TESTS'] !== undefined)
  fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
