import { describe, expect, it } from 'vitest';
import { playTranscript, type Transcript } from '../support/beam-transcript.ts';
import { hasData, readJson } from '../support/data.ts';

const path = 'beam-triggers/trigger_transcripts.json';

describe.skipIf(!hasData(path))('the transcripts of Apache Beam', () => {
  const transcripts = hasData(path) ? (readJson(path) as readonly Transcript[]) : [];

  it.each(transcripts.filter(({ error }) => error === undefined))('agree: $name', (transcript) => {
    expect(() => playTranscript(transcript)).not.toThrow();
  });

  it.each(transcripts.filter(({ error }) => error !== undefined))(
    'fail as they must: $name',
    (transcript) => {
      expect(() => playTranscript(transcript)).toThrow(transcript.error);
    },
  );
});
