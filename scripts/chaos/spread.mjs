/** The smallest number that a share of all is not above; 0 of none. */
function quantile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/** How milliseconds spread, as text: `812 ms (median), 1200 ms (95 %), 1290 ms (99 %), 1300 ms at most`. */
export function spread(ms) {
  const [median, p95, p99, most] = [0.5, 0.95, 0.99, 1].map((share) => Math.round(quantile(ms, share)));
  return `${median} ms (median), ${p95} ms (95 %), ${p99} ms (99 %), ${most} ms at most`;
}
