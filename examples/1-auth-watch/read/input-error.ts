/** The log cannot be read, or not to its end. The message is for people and needs nothing else beside it. */
export class InputError extends Error {
  override readonly name = 'InputError';

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is no directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
};

/** Says in one line why `name` cannot be read. */
export function describeReadFailure(name: string, error: unknown): InputError {
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  return new InputError(`cannot read ${name}: ${reasons[code] ?? message}`, error);
}
