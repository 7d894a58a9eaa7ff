import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/run';
import { importHar } from '../../src/exchange/import/har';
import { asFirefox } from './hand/entries';
import { isHealthy, readLabels, readRecording } from './labels';

interface Entry {
  request: { headers: unknown[] };
  response: { headers: unknown[]; content: { text?: string } };
  timings?: unknown;
  startedDateTime: string;
  _eventSourceMessages?: unknown;
  _resourceType?: string;
}
interface Har {
  log: { entries: Entry[] };
}

/** What other programs, and people who clean a file, leave out. */
const STRIPPED: Record<string, (entries: Entry[]) => unknown> = {
  'as Firefox writes it': (entries) => asFirefox(entries as unknown as Record<string, unknown>[]),
  'without bodies': each((entry) => delete entry.response.content.text),
  'without event times': each((entry) => delete entry._eventSourceMessages),
  'without response headers': each((entry) => {
    entry.response.headers = [];
  }),
  'without request headers': each((entry) => {
    entry.request.headers = [];
  }),
  'without resource types': each((entry) => delete entry._resourceType),
  'without timings': each((entry) => delete entry.timings),
  'in whole seconds': each((entry) => {
    entry.startedDateTime = entry.startedDateTime.replace(/\.\d+Z$/, 'Z');
  }),
  'its first half': (entries) => ({ log: { entries: entries.slice(0, Math.ceil(entries.length / 2)) } }),
};

function each(strip: (entry: Entry) => void): (entries: Entry[]) => unknown {
  return (entries) => {
    entries.forEach(strip);
    return { log: { creator: { name: 'WebInspector', version: '537.36' }, entries } };
  };
}

const healthy = readLabels().filter((label) => isHealthy(label) && label.file.endsWith('.har.gz'));

describe('a healthy file that lacks things accuses nobody', () => {
  it.each(healthy.map(({ file }) => file))('%s', (file) => {
    const text = gunzipSync(readRecording(file)).toString('utf8');
    for (const [how, strip] of Object.entries(STRIPPED)) {
      const { trace } = importHar(strip((JSON.parse(text) as Har).log.entries));
      const { findings, failures } = diagnose(trace);
      expect(failures, how).toEqual([]);
      const said = findings.filter(({ severity }) => severity !== 'info');
      expect(said.map(({ id, summary }) => `${how}: ${id}: ${summary}`)).toEqual([]);
    }
  });
});
