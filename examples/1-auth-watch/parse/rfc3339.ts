const form = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?([Zz]|[+-]\d\d:?\d\d) /;

/** Reads a time stamp of RFC 3339 (`2024-05-01T12:00:00.25+02:00`) and its space at the start of a line. */
export function readRfc3339(line: string): { readonly time: number; readonly end: number } | undefined {
  // A line may be long: only its head can be a stamp.
  const match = form.exec(line.slice(0, 40));
  if (match === null) return undefined;
  const [stamp, year, month, day, hours, minutes, seconds, fraction = '', zone = 'Z'] = match;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = new Date(midnight);
  // Date.UTC rolls an impossible date (31 April) over to the next month.
  const possible =
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    Number(year) >= 1970 &&
    Number(hours) < 24 &&
    Number(minutes) < 60 &&
    Number(seconds) <= 60;
  if (!possible) return undefined;

  const clock = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  const milliseconds = Number(fraction.padEnd(3, '0').slice(0, 3));
  const time = midnight + clock * 1000 + milliseconds - zoneOffsetMs(zone);
  return time >= 0 ? { time, end: stamp.length } : undefined;
}

function zoneOffsetMs(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
