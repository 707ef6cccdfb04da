// A folder that only the machine of an author has, or the host of a package registry.
const TRACES =
  /(?<![\w.@/-])\/(?:work|root)(?=\/|\s|["'`)]|$)|https?:\/\/[\w.-]*(?:registry|npmjs|verdaccio|artifactory)[\w.-]*\.[\w.-]+(?::\d+)?/gmu;
const BINARY = /\.(?:png|jpe?g|gif|ico|woff2?|wasm|gz|tgz)$/u;

/** Reports registry hosts and machine paths in one file of the repository, with their lines. */
export function machineTraces(path: string, text: string): string[] {
  if (BINARY.test(path)) return [];
  const configured = process.env['npm_config_registry'];
  const host = configured === undefined ? undefined : new URL(configured).host;
  return text.split('\n').flatMap((line, index) => {
    const found = (line.match(TRACES) ?? []).map((trace) => `${path}:${index + 1} names ${trace.trim()}`);
    if (host !== undefined && line.includes(host))
      found.push(`${path}:${index + 1} names the registry in use`);
    return found;
  });
}
