// A file that is no handler yet keeps no other from being found; the report says what it lacks.
export const event = 'order.*';
