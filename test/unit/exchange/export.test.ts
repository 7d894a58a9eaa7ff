import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Diagnosis, Finding } from '../../../src/diagnose/rule';
import { curlLine, quote } from '../../../src/exchange/export/curl';
import { exportHar } from '../../../src/exchange/export/har';
import { arrivalsPlot, findingMarkdown, findingsMarkdown } from '../../../src/exchange/export/markdown';
import { traceJsonPieces } from '../../../src/exchange/export/trace-json';
import { findingsFile, findingsJson } from '../../../src/exchange/findings-json';
import { importHar } from '../../../src/exchange/import/har';
import { createTrace } from '../../../src/trace/create';
import type { StreamRecord, Trace } from '../../../src/trace/types';
import { addChunk, chunkedStream, endStream } from '../../support/chunked-stream';
import { harEntry, harFile } from '../../support/har';
import { richTrace } from '../../support/rich-trace';

/** What HAR can carry of a trace. */
function carried(trace: Trace) {
  return trace.streams.map(({ kind, request, response, timing, messages, end }) => ({
    kind,
    request: { ...request, mode: null, credentials: null },
    response: response && { ...response, type: null },
    timing,
    messages: messages.atMs.map((atMs, index) => [
      Math.round(atMs * 10) / 10,
      messages.name[index],
      messages.lastEventId[index],
      messages.payload[index],
      messages.direction[index],
    ]),
    end: end && { kind: end.kind, netError: end.netError, message: end.message },
  }));
}

describe('HAR', () => {
  const entries = [
    harEntry({
      wait: 20,
      receive: 900,
      events: [
        [50, 'a'],
        [500, 'b', 'token', '7'],
      ],
      text: 'data: a\n\n',
    }),
    harEntry({
      method: 'POST',
      startMs: 100,
      status: 504,
      contentType: 'text/html',
      text: '<html>504</html>',
    }),
    harEntry({ startMs: 200, error: 'net::ERR_HTTP2_PROTOCOL_ERROR', events: [[400, 'x']] }),
    harEntry({ startMs: 300, wait: 3000, receive: 1, text: 'data: all\n\ndata: at once\n\n' }),
    harEntry({
      startMs: 400,
      type: 'websocket',
      url: 'wss://app.example/s',
      status: 101,
      receive: 700,
      frames: [
        [100, 'send', 'hi'],
        [200, 'receive', 'AQL/', 2],
      ],
    }),
    harEntry({
      startMs: 500,
      type: 'websocket',
      url: 'wss://app.example/t',
      status: 0,
      frames: [[1, 'error', 'Unexpected response code: 502', -1]],
    }),
    harEntry({ startMs: 600, type: 'script', contentType: 'text/javascript' }),
  ];

  it('comes back the same when exported and read again', () => {
    const first = importHar(harFile(entries)).trace;
    const second = importHar(exportHar(first, { redact: false })).trace;
    expect(carried(second)).toEqual(carried(first));
    const third = importHar(exportHar(second, { redact: false })).trace;
    expect(carried(third)).toEqual(carried(second));
  });

  it('carries a recording of the extension: events with their times, frames, bodies, errors', () => {
    const har = exportHar(richTrace());
    const { trace, problems } = importHar(JSON.parse(JSON.stringify(har)));
    expect(problems).toEqual([]);
    expect(trace.streams.map(({ kind }) => kind)).toEqual(['fetch', 'fetch', 'websocket', 'eventsource']);
    const [text, bytes, socket, events] = trace.streams;
    expect(text!.messages).toMatchObject({ payload: ['hé'] });
    expect(text!.messages.atMs[0]).toBeCloseTo(300, 3);
    expect(text!.response!.body!.text).toBe('data: hé\n\n');
    expect(bytes!.end).toMatchObject({ kind: 'error', netError: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING' });
    expect(socket!.messages.payload).toEqual(['hello \ud83d', Uint8Array.of(1, 2, 255), '']);
    expect(events!.messages.lastEventId).toEqual(['9']);
  });

  it('does not claim arrivals that are only bounds', () => {
    const { trace } = importHar(harFile([entries[3]]));
    const text = JSON.stringify(exportHar(trace));
    expect(text).not.toContain('_eventSourceMessages');
    expect(text).toContain('data: all');
  });

  it('says what it cannot carry', () => {
    expect(JSON.stringify(exportHar(richTrace()))).toMatch(
      /Not in this file: Times and sizes of single chunks/,
    );
  });
});

describe('curl', () => {
  function stream(change: (stream: StreamRecord) => void): StreamRecord {
    const made = chunkedStream([]);
    change(made);
    return made;
  }

  it('is the request, unbuffered, in the recorded version', () => {
    expect(curlLine(stream(() => {}))).toBe('curl -N -i --http2 https://app.example/chat');
    const post = stream(({ request, response }) => {
      request.method = 'POST';
      request.headers = [
        ['Content-Type', 'application/json'],
        ['Content-Length', '5'],
        ['X-Empty', ''],
        [':path', '/'],
      ];
      request.body = { text: `{"q":"it's"}`, byteLength: 12, truncated: false };
      response!.protocol = 'http/1.1';
      response!.headers.push(['Content-Encoding', 'gzip']);
    });
    expect(curlLine(post)).toBe(
      `curl -N -i --http1.1 --compressed https://app.example/chat -H 'Content-Type: application/json' -H 'X-Empty;' --data-raw '{"q":"it'\\''s"}'`,
    );
  });

  it('sends bytes that are no text through a pipe, each as it was', () => {
    const bytes = Buffer.from([0, 1, 255, 9, 10, 37, 92, 39, 52, 7, 56, 200, 0]);
    const line = curlLine(
      stream(({ request }) => {
        request.method = 'POST';
        request.body = { text: bytes.toString('latin1'), byteLength: bytes.length, truncated: false };
      }),
      { redact: false },
    );
    expect(line).toMatch(/^printf '[^ ]+' \| curl -N .* --data-binary @-$/);
    expect(execFileSync('/bin/sh', ['-c', line.replace(/\| curl.*$/, '')])).toEqual(bytes);
  });

  it('redacts unless told not to', () => {
    const secret = stream(({ request }) => {
      request.headers = [
        ['Authorization', 'Bearer abc'],
        ['Cookie', 'sid=xyz'],
      ];
    });
    expect(curlLine(secret)).toMatch(
      /'Authorization: Bearer ‹redacted:\w{4}›' -H 'Cookie: sid=‹redacted:\w{4}›'/,
    );
    expect(curlLine(secret, { redact: false })).toContain(`'Authorization: Bearer abc' -H 'Cookie: sid=xyz'`);
  });

  it('knows methods, brackets, cut bodies and sockets', () => {
    expect(
      curlLine(
        stream(({ request }) => {
          request.method = 'HEAD';
        }),
      ),
    ).toContain(' -I ');
    expect(
      curlLine(
        stream(({ request }) => {
          request.method = 'DELETE';
        }),
      ),
    ).toContain(' -X DELETE ');
    expect(
      curlLine(
        stream(({ request }) => {
          request.url = 'https://a.example/?f[]=1';
        }),
      ),
    ).toContain(` -g `);
    expect(
      curlLine(
        stream(({ request }) => {
          request.body = { text: 'a', byteLength: 9, truncated: true };
        }),
      ),
    ).toMatch(/^# The body was longer/);
    const socket = curlLine(richTrace().streams[2]!);
    expect(socket).toContain('https://app.example/live');
    expect(socket).toContain(`-H 'Upgrade: websocket'`);
    expect(socket).toContain(`-H 'Sec-WebSocket-Protocol: graphql-ws'`);
  });

  it('lets nothing out of its quotes', () => {
    const hostile = [`'; rm -rf /; '`, '$(id)', '`id`', 'a\nb', '\\', '"', '!!', '*', '', '-o', 'é😀', "'''"];
    for (const word of hostile) {
      expect(execFileSync('/bin/sh', ['-c', `printf %s ${quote(word)}`], { encoding: 'utf8' })).toBe(word);
    }
    const line = curlLine(
      stream(({ request }) => {
        request.headers = [
          ['@/etc/passwd', 'x'],
          ['X-A', `a\r\nX-B: '$(id)'`],
        ];
        request.body = { text: hostile.join(' '), byteLength: 1, truncated: false };
      }),
    );
    const words = execFileSync('/bin/sh', ['-c', `${line.replace(/^curl/, 'printf "%s\\0"')}`], {
      encoding: 'utf8',
    });
    expect(words.split('\0').slice(0, -1)).toEqual([
      '-N',
      '-i',
      '--http2',
      '-X',
      'GET',
      'https://app.example/chat',
      '-H',
      `X-A: a  X-B: '$(id)'`,
      '--data-raw',
      hostile.join(' '),
    ]);
  });
});

const finding: Finding = {
  key: 'buffered-stream/s1',
  id: 'buffered-stream',
  title: 'The whole stream was held back until the end',
  verdict: 'fail',
  severity: 'error',
  confidence: 'likely',
  stream: { id: 's1', kind: 'fetch', method: 'POST', url: 'https://app.example/chat?token=hunter2' },
  summary: '41 events arrived within 3 ms, after 3.3 s of silence.',
  evidence: [
    { label: 'wait before the first byte', value: 3298, unit: 'ms', threshold: 1000 },
    { label: 'server | said', value: '<img src=x>`', unit: 'text' },
  ],
  platforms: ['nginx', 'alb'],
  supersededBy: null,
  recipe: 'buffered-stream',
  sources: ['002_1ebeed7eb15dba47.txt'],
};

describe('Markdown', () => {
  const late = chunkedStream([], { open: true });
  for (let i = 0; i < 41; i++) addChunk(late, `data: ${i}\n\n`);
  late.chunks.atMs = late.chunks.atMs.map((_, i) => 3298 + i / 15);
  endStream(late);
  late.end!.atMs = 3301;
  const meta = createTrace({
    originEpochMs: 1_772_359_200_000,
    recorder: 'extension',
    recorderVersion: '0.1.0',
    browser: 'Chromium 156',
  }).meta;
  const text = findingMarkdown(finding, late, meta);

  it('has the sentence, the evidence, the plot, the command, the recipe and the environment', () => {
    expect(text).toContain(
      '### The whole stream was held back until the end\n\n41 events arrived within 3 ms',
    );
    expect(text).toContain('| wait before the first byte | 3.30 s | limit 1.00 s |');
    expect(text).toMatch(/```text\n·{59}█ complete\n0 +3\.30 s\n41 deliveries, at most 41 in 55 ms\n```/);
    expect(text).toContain('```sh\ncurl -N -i --http2 https://app.example/chat\n```');
    expect(text).toContain('`streamgauge recipes buffered-stream`');
    expect(text).toContain('- **Looks like**: nginx, ALB');
    expect(text).toContain('- **When**: 2026-03-01T10:00:00.000Z');
    expect(text).toContain('_Seen with Chromium 156, Streamgauge 0.1.0 (extension)._');
  });

  it('lets no text from outside become markup, and tells no secret', () => {
    expect(text).toContain('| server \\| said | \\<img src=x\\>\\` |');
    expect(text).not.toContain('hunter2');
    const hostile = findingMarkdown(
      {
        ...finding,
        summary: 'a\n\n# b [c](javascript:d) ```',
        stream: { ...finding.stream, url: 'https://a.example/`x``' },
      },
      late,
      meta,
    );
    expect(hostile).toContain('a \\# b \\[c\\](javascript:d) \\`\\`\\`');
    expect(hostile).toContain('``` POST https://a.example/`x`` ```');
  });

  it('draws nothing where nothing is known', () => {
    expect(arrivalsPlot(chunkedStream([]))).toBeNull();
    expect(
      arrivalsPlot(importHar(harFile([harEntry({ text: 'data: a\n\n' })])).trace.streams[0]!),
    ).toBeNull();
    expect(arrivalsPlot(chunkedStream(['a'], { open: true }))).toMatch(/still open/);
  });

  it('puts several findings one after the other', () => {
    const trace = { ...richTrace(), streams: [late] };
    const both = findingsMarkdown(trace, [
      finding,
      { ...finding, title: 'Second' },
      { ...finding, stream: { ...finding.stream, id: 'gone' } },
    ]);
    expect(both.match(/^### /gm)).toHaveLength(2);
  });
});

describe('findings as JSON', () => {
  const cause: Finding = {
    ...finding,
    key: 'gateway-timeout/s2',
    id: 'gateway-timeout',
    stream: { ...finding.stream, id: 's2' },
  };
  const diagnosis: Diagnosis = {
    findings: [
      cause,
      {
        ...finding,
        supersededBy: 'gateway-timeout/s2',
        evidence: [{ ...finding.evidence[0]!, at: { streamId: 's1' } }],
      },
    ],
    incomplete: [{ id: 'batched-stream', stream: finding.stream, reason: 'The recording began late.' }],
    failures: [],
  };

  it('has exactly the promised members', () => {
    const json = findingsJson([findingsFile('stage.har', richTrace(), diagnosis)]);
    expect(json).toMatchObject({ format: 'streamgauge-findings', version: 1 });
    expect(json.files[0]!.streams).toBe(4);
    expect(json.files[0]!.findings[1]).toEqual({
      id: 'buffered-stream',
      verdict: 'fail',
      severity: 'error',
      confidence: 'likely',
      stream: { id: 's1', kind: 'fetch', method: 'POST', url: expect.stringMatching(/token=‹redacted/) },
      summary: finding.summary,
      evidence: [{ label: 'wait before the first byte', value: 3298, unit: 'ms', threshold: 1000 }],
      supersededBy: 'gateway-timeout',
      supersededByStream: 's2',
      recipe: 'buffered-stream',
      sources: ['002_1ebeed7eb15dba47.txt'],
    });
    expect(json.files[0]!.findings[0]!.supersededBy).toBeNull();
    expect(json.files[0]!.incomplete).toHaveLength(1);
    expect('failures' in json.files[0]!).toBe(false);
    expect(JSON.stringify(json)).not.toContain('hunter2');
  });
});

it('exports the trace redacted unless told not to', () => {
  const trace = richTrace();
  trace.streams[0]!.request.headers = [['Cookie', 'sid=hunter2']];
  expect(traceJsonPieces(trace).join('')).not.toContain('hunter2');
  expect(traceJsonPieces(trace, { redact: false }).join('')).toContain('hunter2');
});
