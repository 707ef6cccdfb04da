// Loaded before each documentation sample (node --import): gives it the function that checks `// => value`.
import { inspect, isDeepStrictEqual } from 'node:util';
import { runInThisContext } from 'node:vm';

const awaited = new Set();

/** The values a sample showed: those an observable emits, that of a promise, or the value itself. */
async function valuesOf(shown) {
  if (typeof shown?.subscribe !== 'function' || typeof shown.pipe !== 'function') return [await shown];
  const values = [];
  await new Promise((resolve, reject) => {
    shown.subscribe({ next: (value) => values.push(value), error: reject, complete: resolve });
  });
  return values;
}

/** The values that the comment names. What is not an expression is compared as printed. */
function expectedValues(text) {
  try {
    return runInThisContext(`[${text}]`);
  } catch {
    return undefined;
  }
}

async function check(text, line, shown) {
  const values = await valuesOf(shown);
  const printed = values.map((value) => inspect(value, { depth: 10 })).join(', ');
  const expected = expectedValues(text);
  if (printed === text || (expected !== undefined && isDeepStrictEqual(values, expected))) return;
  throw new Error(`sample line ${line}: shows ${printed}, the page says ${text}`);
}

globalThis.showsValue = (text, line, shown) => {
  const wait = { line };
  awaited.add(wait);
  check(text, line, shown)
    .catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    })
    .finally(() => awaited.delete(wait));
  return shown;
};

// The event loop ran dry: whatever has not come by now never will.
process.on('beforeExit', () => {
  if (awaited.size === 0) return;
  console.error(
    `sample line ${[...awaited].map((wait) => wait.line).join(', ')}: the value after "// =>" never came`,
  );
  process.exitCode = 1;
});
