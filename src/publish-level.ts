/** How far an event had come when its publish resolved, weakest first. */
export type PublishLevel = 'none' | 'accepted' | 'os' | 'disk' | 'replicated';
