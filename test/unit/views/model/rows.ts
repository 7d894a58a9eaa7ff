import type { StreamRow } from '../../../../src/views/model/stream-row';

/** A healthy finished stream, changed where a test asks. */
export function makeRow(changes: Partial<StreamRow> = {}): StreamRow {
  const row: StreamRow = {
    id: 's1',
    order: 0,
    name: 'chat',
    host: 'stage.example.org',
    url: 'https://stage.example.org/api/chat',
    method: 'POST',
    kind: 'fetch',
    kindLabel: 'fetch',
    format: 'sse',
    nature: 'stream',
    protocol: 'h2',
    status: 200,
    state: 'done',
    stateWord: 'done',
    firstByteMs: 40,
    events: 41,
    byteLength: 7000,
    longestGapMs: 300,
    startedAtMs: 0,
    severity: null,
    severities: [],
    findingIds: [],
    findingCount: 0,
    haystack: '',
    ...changes,
  };
  return { ...row, haystack: `${row.method} ${row.url} ${row.kindLabel}`.toLowerCase() };
}
