import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/diagnose/run';
import { exportHar } from '../../../src/exchange/export/har';
import { traceJsonPieces } from '../../../src/exchange/export/trace-json';
import { importBytes } from '../../../src/exchange/import/file';
import { encodeUtf8 } from '../../../src/lib/text';
import { encodeTrace } from '../../../src/trace/file';
import type { Trace } from '../../../src/trace/types';
import { dumpTrace } from '../../support/trace-dump';

const FOLDER = join(import.meta.dirname, '../../fixtures/har');

/** Tool and version, file, and what is wrong in it: findings that are more than information, by path. */
const SAMPLES: [tool: string, file: string, faults: string[]][] = [
  [
    'Chromium 156, saved from DevTools',
    'chromium-156-devtools',
    ['connection-lost /cut', 'masked-status /cors', 'refused-upgrade /nope'],
  ],
  [
    'Chromium 156, sanitized',
    'chromium-156-sanitized',
    ['connection-lost /cut', 'masked-status /cors', 'refused-upgrade /nope'],
  ],
  [
    'Chromium 156, copied',
    'chromium-156-copied',
    ['connection-lost /cut', 'masked-status /cors', 'refused-upgrade /nope'],
  ],
  [
    'Playwright 1.65 with Chromium',
    'playwright-1.65-embed',
    ['connection-lost /cut', 'refused-upgrade /nope'],
  ],
  [
    'Firefox 153 ESR, network monitor',
    'firefox-153esr-netmonitor',
    ['masked-status /cors', 'refused-upgrade /nope'],
  ],
  [
    'mitmproxy 8.1.1, har_dump.py',
    'mitmproxy-8.1.1-har_dump',
    ['masked-status /cors', 'refused-upgrade /nope'],
  ],
  [
    'mitmproxy 12, hardump (as documented)',
    'documented/mitmproxy-12-hardump',
    ['gateway-timeout /slow', 'slow-first-byte /held'],
  ],
  [
    'Safari 18 (as documented)',
    'documented/safari-18-web-inspector',
    ['connection-lost /cut', 'slow-first-byte /chat'],
  ],
  [
    'Playwright with Firefox and WebKit (as documented)',
    'documented/playwright-1-other-browsers',
    ['connection-lost /cut'],
  ],
  ['HTTP Toolkit 1 (as documented)', 'documented/http-toolkit-1-export', ['slow-first-byte /chat']],
  [
    'Charles 4 (as documented)',
    'documented/charles-4-export',
    ['gateway-timeout /slow', 'slow-first-byte /chat'],
  ],
];

function open(text: string | Uint8Array): Trace {
  const { trace, problems } = importBytes('sample', typeof text === 'string' ? encodeUtf8(text) : text);
  expect(problems).toEqual([]);
  return trace;
}

const pathOf = (url: string) => new URL(url).pathname;

describe.each(SAMPLES)('%s', (_, file, faults) => {
  const trace = open(new Uint8Array(readFileSync(join(FOLDER, `${file}.har`))));

  it('is read as it says', async () => {
    await expect(dumpTrace(trace)).toMatchFileSnapshot(join(FOLDER, `${file}.txt`));
  });

  it('shows these faults and no other', () => {
    const { findings, failures } = diagnose(trace);
    expect(failures).toEqual([]);
    const found = findings
      .filter(({ severity, supersededBy }) => severity !== 'info' && supersededBy === null)
      .map(({ id, stream }) => `${id} ${pathOf(stream.url)}`);
    expect(found.sort()).toEqual(faults);
  });

  it('goes out as HAR and comes back', () => {
    const again = open(JSON.stringify(exportHar(trace, { redact: false })));
    expect(withoutHead(dumpTrace(again))).toBe(withoutHead(dumpTrace(trace)));
    expect(new Set(again.meta.missing)).toEqual(new Set(trace.meta.missing));
  });

  it('goes out as a trace and comes back', () => {
    const again = open([...traceJsonPieces(trace, { redact: false })].join(''));
    expect(encodeTrace(again)).toEqual(encodeTrace(trace));
  });
});

/** Who wrote the file is not the same any more. */
function withoutHead(dump: string): string {
  return dump.slice(dump.indexOf('\n\n'));
}

describe('a writer that names no errors', () => {
  const file = JSON.parse(readFileSync(join(FOLDER, 'firefox-153esr-netmonitor.har'), 'utf8'));
  const entryAt = (path: string) =>
    file.log.entries.find(({ request }: { request: { url: string } }) => request.url.endsWith(path));

  it('gives no accusation for a stream that the page may have ended itself', () => {
    const whole = entryAt('/sse?xhr');
    const stopped = structuredClone(entryAt('/sse?abort'));
    // One endpoint: its other streams end with a marker, this one was cut short by nobody knows whom.
    const later = (entry: { startedDateTime: string }, n: number) => ({
      ...structuredClone(entry),
      startedDateTime: new Date(Date.parse(entry.startedDateTime) + n * 1000).toISOString(),
    });
    stopped.request.url = whole.request.url;
    file.log.entries.push(...[1, 2, 3, 4].map((n) => later(whole, n)), later(stopped, 5));
    const { findings, incomplete } = diagnose(open(JSON.stringify(file)));
    expect(findings.map(({ id }) => id)).not.toContain('incomplete-stream');
    expect(incomplete.map(({ id }) => id)).toContain('incomplete-stream');
  });
});
