/** More than this, and what a value costs is no longer small beside its windows. */
const maxOverlap = 10_000;

/**
 * Checks that windows leave no gaps and that a value is not in too many of them.
 *
 * @throws RangeError that names the options and the values.
 */
export function checkOverlap(sizeMs: number, hopMs: number): void {
  if (hopMs > sizeMs) {
    throw new RangeError(
      `hopMs must be at most sizeMs, ${sizeMs}, got ${hopMs}: values would be in no window`,
    );
  }
  if (sizeMs / hopMs > maxOverlap) {
    throw new RangeError(
      `hopMs must be at least sizeMs / ${maxOverlap}, got ${hopMs} for ${sizeMs}: ` +
        `a value would be in ${Math.ceil(sizeMs / hopMs)} windows`,
    );
  }
}
