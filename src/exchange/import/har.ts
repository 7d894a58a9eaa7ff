import * as v from 'valibot';
import { cutUtf8 } from '../../lib/text';
import { TraceAppender } from '../../trace/append';
import { createTrace } from '../../trace/create';
import { DEFAULT_LIMITS, type StreamRecord, type Trace } from '../../trace/types';
import type { HarView } from '../../trace/views';
import { isRefusedByCors } from './cors-refusal';
import { parseHarEntry } from './har-entry';
import { LogSchema } from './har-schema';
import { harViewToStream } from './har-stream';
import { missingOf } from './har-writers';
import { UnusableFile } from './unusable-file';

/** Problems told one by one; the rest are counted. */
const MAX_TOLD_PROBLEMS = 20;
const MAX_NOTE_BYTES = 4096;
/** Entries looked at; of these a trace keeps the first `maxStreams` by time. Each one that is read costs time. */
const MAX_ENTRIES = 100_000;

/**
 * HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/) as Chrome, Edge, Firefox, Safari, Playwright, mitmproxy,
 * HTTP Toolkit and Charles write it.
 *
 * Read: requests, answers, timings, bodies, Chrome's event stream and WebSocket messages, network errors, connection
 * ids. Ignored: cookies as lists (the headers have them), query strings as lists, caches, initiators, certificates,
 * entries of `data:`, `blob:` and extension addresses. Bodies of pictures, scripts and styles are left out; their
 * entries stay, because they hold connections.
 *
 * `problems`: what could not be read, one sentence each. Throws `UnusableFile` when `value` is no HAR at all.
 */
export function importHar(
  value: unknown,
  options: { name?: string } = {},
): { trace: Trace; problems: string[] } {
  const name = options.name ?? 'The file';
  const parsed = v.safeParse(LogSchema, value);
  if (!parsed.success) {
    throw new UnusableFile(
      `${name} is not a HAR file: it has no list of requests (log.entries). Export it again.`,
    );
  }
  const { log } = parsed.output;
  const problems = new ProblemList();
  const views: HarView[] = [];
  for (const [index, entry] of log.entries.slice(0, MAX_ENTRIES).entries()) {
    const view = parseHarEntry(entry);
    if ('problem' in view) problems.add(`Entry ${index + 1} was left out: ${view.problem}`);
    else if (/^(?:https?|wss?):/i.test(view.url)) {
      views.push(view);
      for (const problem of view.problems ?? []) problems.add(`Entry ${index + 1}: ${problem}`);
    }
  }
  if (log.entries.length > MAX_ENTRIES) {
    problems.add(
      `${log.entries.length - MAX_ENTRIES} entries beyond the first ${MAX_ENTRIES} were not read.`,
    );
  }
  views.sort((a, b) => a.startedEpochMs - b.startedEpochMs);
  const originEpochMs = views[0]?.startedEpochMs ?? 0;
  const trace = createTrace({
    originEpochMs,
    recorder: 'har',
    recorderVersion: `${log.creator.name} ${log.creator.version}`.trim(),
    browser: log.browser?.name ? `${log.browser.name} ${log.browser.version}`.trim() : null,
    pageUrl: pageUrlOf(log.pages, views),
    missing: missingOf(log.creator.name, views, log._missing),
  });
  trace.meta.note = cutUtf8(log.comment || log.creator.comment, MAX_NOTE_BYTES);
  trace.limits.maxChunkPayloadBytes = DEFAULT_LIMITS.maxStreamPayloadBytes;
  fill(trace, views);
  if (trace.loss.droppedStreams > 0) {
    problems.add(
      `${trace.loss.droppedStreams} requests beyond the first ${trace.limits.maxStreams} were left out.`,
    );
  }
  return { trace, problems: problems.list() };
}

function fill(trace: Trace, views: readonly HarView[]): void {
  const namesNoErrors = trace.meta.missing.includes('network-errors');
  let roomForMessages = trace.limits.maxMessages;
  for (const [index, view] of views.slice(0, trace.limits.maxStreams).entries()) {
    const stream = harViewToStream(view, trace.meta.originEpochMs, `s${index + 1}`, {
      maxMessages: roomForMessages,
      maxBodyBytes: trace.limits.maxStreamPayloadBytes,
      maxMessageBytes: trace.limits.maxChunkPayloadBytes,
      maxStreamBytes: trace.limits.maxStreamPayloadBytes,
    });
    roomForMessages -= stream.messages.atMs.length;
    if (stream.losses.includes('dropped-records')) {
      const given = Math.max(view.eventSourceMessages.length, view.webSocketMessages.length);
      trace.loss.overLimitRecords += given - stream.messages.atMs.length;
    }
    if (namesNoErrors && stream.end && isRefusedByCors(stream)) refuse(stream);
    trace.streams.push(stream);
  }
  trace.loss.droppedStreams = Math.max(0, views.length - trace.limits.maxStreams);
  // Gives up the oldest payloads where all together are over the limit, and notes it.
  new TraceAppender(trace);
}

/** The page was told that the request failed; it got no byte of the body. */
function refuse(stream: StreamRecord): void {
  stream.end!.kind = 'refused';
  for (const column of Object.values(stream.chunks)) column.length = 0;
  stream.losses = stream.losses.filter((loss) => loss !== 'no-chunk-times');
}

function pageUrlOf(pages: readonly unknown[], views: readonly HarView[]): string | null {
  const titles = pages.map((page) => (page as { title?: unknown } | null)?.title);
  const title = titles.find((one) => typeof one === 'string' && /^https?:/.test(one));
  return (title as string | undefined) ?? views.find(({ kind }) => kind === 'document')?.url ?? null;
}

class ProblemList {
  readonly #told: string[] = [];
  #untold = 0;

  add(problem: string): void {
    if (this.#told.length < MAX_TOLD_PROBLEMS) this.#told.push(problem);
    else this.#untold++;
  }

  list(): string[] {
    return this.#untold > 0 ? [...this.#told, `${this.#untold} more problems of this kind.`] : this.#told;
  }
}
