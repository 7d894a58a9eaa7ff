import { createDecoder } from '../../src/decode/decoder';
import { Confidence, type StreamRecord, type Trace } from '../../src/trace/types';

/** A trace as a page of text that a person can check: what was read, and what the source could not tell. */
export function dumpTrace(trace: Trace): string {
  const { meta } = trace;
  const head = [
    `recorder  ${meta.recorderVersion}`,
    `browser   ${meta.browser ?? '-'}`,
    `page      ${meta.pageUrl ?? '-'}`,
    `missing   ${[...meta.missing].sort().join(', ') || '-'}`,
  ];
  return [...head, ...trace.streams.flatMap(dumpStream), ''].join('\n');
}

function dumpStream(stream: StreamRecord): string[] {
  const { request, response, timing, end, messages } = stream;
  const cookies = response?.headers.filter(([name]) => name.toLowerCase() === 'set-cookie') ?? [];
  const lines: string[] = [
    '',
    `${stream.kind} ${request.method} ${request.url}`,
    `  answer  ${response ? [response.status, response.protocol ?? '-', ...whence(response)].join(' ') : '-'}`,
    `  times   start ${ms(timing.startedAtMs)}, first byte ${ms(timing.firstByteAtMs)}, end ${ms(end?.atMs ?? null)}`,
    `  end     ${end ? [end.kind, end.netError, end.message].filter(Boolean).join(' ') : 'not known'}`,
  ];
  if (cookies.length > 0)
    lines.push(`  cookies ${cookies.map(([, value]) => value.split('=', 1)[0]).join(', ')}`);
  lines.push(...(stream.kind === 'websocket' ? dumpFrames(messages) : dumpEvents(stream)));
  if (stream.losses.length > 0) lines.push(`  losses  ${[...stream.losses].sort().join(', ')}`);
  return lines;
}

function whence(response: NonNullable<StreamRecord['response']>): string[] {
  return [
    response.fromCache ? 'from a cache' : '',
    response.fromServiceWorker ? 'from a service worker' : '',
  ].filter(Boolean);
}

function dumpEvents(stream: StreamRecord): string[] {
  const { events, format } = createDecoder(stream).decoded;
  return events.data.flatMap((data, index) => {
    if (format === 'json' || (events.name[index] === null && format === 'sse')) return [];
    const at =
      events.confidence[index] === Confidence.bounded ? '   bounded' : ms(events.atMs[index]!).padStart(10);
    return `  ${at}  ${events.name[index] ?? format} ${JSON.stringify(data)}`;
  });
}

function dumpFrames({ atMs, direction, payload }: StreamRecord['messages']): string[] {
  return atMs.map((at, index) => {
    const data = payload[index];
    const shown = data instanceof Uint8Array ? `bytes ${[...data].join(' ')}` : JSON.stringify(data);
    return `  ${ms(at).padStart(10)}  ${direction[index] === 1 ? '→' : '←'} ${shown}`;
  });
}

function ms(value: number | null): string {
  return value === null ? '-' : `${Math.round(value)} ms`;
}
