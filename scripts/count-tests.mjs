// Adds up the reports of several test runs:
//   count-tests.mjs --extra-failures 1 a.json b.json   prints "12 passed, 1 failed"; fails if any failed
//   count-tests.mjs --any-failed a.json                succeeds if the report names a failed test
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'any-failed': { type: 'boolean' }, 'extra-failures': { type: 'string', default: '0' } },
});

const reports = positionals
  .filter((path) => existsSync(path))
  .map((path) => JSON.parse(readFileSync(path, 'utf8')));
const sum = (field) => reports.reduce((total, report) => total + report[field], 0);
// A file that could not even be loaded has no tests to fail; it counts as one.
const unloaded = reports
  .flatMap(({ testResults }) => testResults)
  .filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
  );
const failures = sum('numFailedTests') + unloaded.length;

if (values['any-failed']) {
  process.exitCode = failures > 0 ? 0 : 1;
} else {
  const [passed, failed] = [sum('numPassedTests'), failures + Number(values['extra-failures'])];
  console.log(`${passed} passed, ${failed} failed`);
  // No test at all is no proof either.
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}
