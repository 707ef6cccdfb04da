// Imports from where the peers are installed, as an ES module would.
export function importHere(name) {
  return import(name);
}
