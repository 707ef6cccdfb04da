/**
 * How many values a test takes that is about a great many: a million, more than any stack or heap holds by mistake.
 * 20 000 where each test runs against hundreds of mutants: still more than a stack holds.
 */
export const aMillion = process.env['BREAKWATER_MUTATION_TESTS'] === undefined ? 1_000_000 : 20_000;
