/** What a call throws, as `Name: message`; `nothing` when it does not. */
export function thrownText(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return 'nothing';
}
