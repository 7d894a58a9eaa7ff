import { describe, expect, it } from 'vitest';
import { matchesFilter, parseFilter, suggest, toggleTerm } from '../../../../src/views/model/filter';
import { makeRow } from './rows';

const chat = makeRow({
  id: 'chat',
  severity: 'error',
  severities: ['error', 'info'],
  findingIds: ['buffered-stream', 'compressed-stream'],
});
const local = makeRow({
  id: 'local',
  url: 'http://localhost:8000/generate',
  host: 'localhost:8000',
  protocol: 'http/1.1',
});
const events = makeRow({
  id: 'events',
  kind: 'eventsource',
  kindLabel: 'EventSource',
  method: 'GET',
  url: 'https://stage.example.org/events',
  state: 'open',
  stateWord: 'open',
});
const failed = makeRow({
  id: 'failed',
  url: 'https://api.example.org/report',
  host: 'api.example.org',
  status: 504,
  state: 'failed',
  severity: 'warning',
  severities: ['warning'],
  findingIds: ['gateway-timeout'],
  nature: 'call',
  format: 'json',
});
const ROWS = [chat, local, events, failed];

describe('the filter line', () => {
  it.each<[line: string, ids: string[]]>([
    ['', ['chat', 'local', 'events', 'failed']],
    ['   ', ['chat', 'local', 'events', 'failed']],
    ['chat', ['chat']],
    ['CHAT', ['chat']],
    ['buffered', ['chat']],
    ['localhost:8000', ['local']],
    ['-localhost:8000', ['chat', 'events', 'failed']],
    ['https://stage', ['chat', 'events']],
    ['kind:eventsource', ['events']],
    ['kind:EventSource', ['events']],
    ['kind:sse', ['chat', 'local', 'events']],
    ['-kind:fetch', ['events']],
    ['kind:fetch host:api', ['failed']],
    ['host:stage,localhost', ['chat', 'local', 'events']],
    ['finding:buffered-stream', ['chat']],
    ['finding:any', ['chat', 'failed']],
    ['-finding:any', ['local', 'events']],
    ['severity:error', ['chat']],
    ['severity:error,warning', ['chat', 'failed']],
    ['severity:info', ['chat']],
    ['-severity:error,warning', ['local', 'events']],
    ['is:open', ['events']],
    ['is:failed', ['failed']],
    ['is:stream', ['chat', 'local', 'events']],
    ['is:healthy', ['local', 'events']],
    ['status:504', ['failed']],
    ['status:5xx', ['failed']],
    ['-status:2xx', ['failed']],
    ['method:get', ['events']],
    ['protocol:http/1', ['local']],
    ['kind:', ['chat', 'local', 'events', 'failed']],
    ['-', ['chat', 'local', 'events', 'failed']],
    ['"api/chat"', ['chat']],
    ['"-chat"', []],
    ['"unclosed', []],
    ['is:nonsense', []],
    ['constructor:x', []],
    ['KIND:fetch,, is:open', []],
  ])('%j keeps %j', (line, ids) => {
    const filter = parseFilter(line);
    expect(ROWS.filter((row) => matchesFilter(filter, row)).map((row) => row.id)).toEqual(ids);
  });

  it('says what cannot be meant, and only that', () => {
    expect(parseFilter('is:nonsense severity:error').problems).toEqual([expect.stringContaining('nonsense')]);
    expect(parseFilter('is:open -kind:fetch host:anything').problems).toEqual([]);
  });

  it('takes a long hostile line in its stride', () => {
    const line = `${'-'.repeat(20_000)} ${'"'.repeat(9_999)} ${'kind:,'.repeat(5_000)}`;
    expect(parseFilter(line).problems).toEqual([]);
  });
});

describe('toggling a term', () => {
  it.each([
    ['', 'severity:error', 'severity:error'],
    ['chat', 'severity:error', 'chat severity:error'],
    ['chat  severity:error', 'severity:error', 'chat'],
  ])('%j with %j is %j', (line, term, result) => {
    expect(toggleTerm(line, term)).toBe(result);
  });
});

describe('suggestions', () => {
  const labels = (line: string, caret = line.length) => suggest(line, caret, ROWS).map((one) => one.label);

  it('begins with the keys, and keeps the minus', () => {
    expect(labels('')).toContain('kind:');
    expect(labels('ki')).toEqual(['kind:']);
    expect(labels('-se')).toEqual(['-severity:']);
  });

  it('offers values that are there, the most frequent first', () => {
    expect(labels('kind:')).toEqual(['kind:fetch', 'kind:eventsource']);
    expect(labels('finding:gate')).toEqual(['finding:gateway-timeout']);
    expect(labels('host:stage.example.org,loc')).toEqual(['host:stage.example.org,localhost:8000']);
  });

  it('completes the word under the caret and leaves the rest alone', () => {
    const [first] = suggest('kind:ev is:open', 7, ROWS);
    expect(first?.line).toBe('kind:eventsource  is:open');
  });

  it('is bounded', () => {
    const many = Array.from({ length: 500 }, (_, index) => makeRow({ host: `h${index}.test` }));
    expect(suggest('host:', 5, many).length).toBeLessThanOrEqual(12);
  });
});
