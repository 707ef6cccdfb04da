/** Tells of each whole line that a stream says, as words. Half a line of a process that was killed means nothing. */
export function hearLines(stream, hear) {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) hear(line.split(' '));
  });
}
