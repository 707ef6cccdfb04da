import { fileEnd } from './follow-file.ts';
import { createLineSplitter, type BadLine } from './line-splitter.ts';

/**
 * Cuts the bytes of a log into lines, and gives them by the chunk that they came with. A line that is still
 * open where a file ends counts as a line, also when reading fails there: the failure comes after it.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer | typeof fileEnd>,
): AsyncGenerator<readonly (string | BadLine)[]> {
  const splitter = createLineSplitter();
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const chunk of chunks) {
      const lines = chunk === fileEnd ? splitter.end() : splitter.push(chunk);
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    failure = { error };
  }
  const last = splitter.end();
  if (last.length > 0) yield last;
  if (failure !== undefined) throw failure.error;
}
