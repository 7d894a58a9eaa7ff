import { createStream, createTrace } from '../../src/trace/create';
import {
  Confidence,
  type ConfidenceCode,
  Direction,
  type DirectionCode,
  type Header,
  Opcode,
  type SourceGap,
  type StreamEnd,
  type StreamKind,
  type StreamLoss,
  type StreamRecord,
  type Trace,
  type TraceLoss,
  type TraceMeta,
} from '../../src/trace/types';

/**
 * Traces drawn as text, so that a test's input reads like the question it asks.
 *
 *     drawTrace(`
 *       ask fetch POST https://api.test/chat / accept: text/event-stream / body={"stream":true} / signal
 *       120 headers 200 text/event-stream / server: nginx / cache-control: no-cache / protocol=http/1.1
 *       +80x40 ~20 data {"n":{n},"at":{at 100+80}}
 *       +15s beat
 *       +10 end
 *     `)
 *
 * One stream per string; its steps are separated by a line break or ` | ` (inside a payload: `\|`).
 * A step is `TIME [modifiers] VERB rest`; a step without TIME happens at the time of the one before.
 *
 * TIME       `120` absolute ms · `2.5s` absolute s · `+50` after the step before · `+50x40` forty times, 50 ms apart
 * modifiers  `~20` each time is moved by up to ±20 ms (seeded, order kept) · `queued` `uncertain` `bounded` confidence
 * verbs
 *   ask [KIND] METHOD URL [/ OPTION]…     KIND: fetch (default) xhr eventsource websocket document other.
 *                                         OPTION: `name: value` header · body=… credentials=… mode=… document=… object=…
 *                                         signal · nosignal · protocol=… (subprotocol) · partial (headers incomplete)
 *   sent                                  the request left
 *   headers STATUS [TYPE] [/ OPTION]…     OPTION: `name: value` · protocol=… (h2 by default) · type=cors · url=… · cached ·
 *                                         worker (served by a service worker) · partial · connection=… · address=…
 *   byte                                  first body byte (else: the first delivery that was waited for)
 *   data[*N] TEXT                         N events (one by default) in one chunk, framed as the content type asks; on an
 *                                         EventSource or WebSocket N messages at once
 *   event[*N] NAME TEXT                   the same with an event name (SSE)
 *   beat [TEXT]                           heartbeat: SSE comment, WebSocket ping
 *   raw TEXT                              one chunk of exactly this text (`\n`, `\r` and `\\` are escapes)
 *   bytes N                               one chunk of N bytes whose content was not captured
 *   send TEXT                             WebSocket frame from the page
 *   frame OPCODE TEXT                     WebSocket frame by opcode: text binary close ping pong
 *   body[*N] TEXT                         the whole body as one text (HAR content), framed like `data`
 *   phases wait=… receive=… [blocked=… dns=… connect=… ssl=… send=…]
 *   loss WORD                             a `StreamLoss`
 *   end · error [net::ERR_… [message]] · abort [net::ERR_…] · refused [net::ERR_… [message]] · close CODE [reason]
 *
 * In payloads: `{n}` number of the event, from 1 · `{t}` arrival, trace ms · `{at A+B}` server send time A + B·(n-1), trace
 * ms shown as Unix epoch ms · `{sec A+B}` the same in seconds · `{iso A+B}` as ISO text · `{pad N}` N letters.
 */
export function drawStream(timeline: string | string[], options: DrawStreamOptions = {}): StreamRecord {
  const steps = (typeof timeline === 'string' ? timeline.split(/\n|(?<!\\)\s\|\s/) : timeline)
    .map((step) => step.trim().replace(/\\\|/g, '|'))
    .filter((step) => step !== '');
  const pen = new Pen(options);
  for (const step of steps) pen.step(step);
  return pen.finish();
}

export interface DrawStreamOptions {
  id?: string;
  /** Seed of the jitter. */
  seed?: number;
}

export interface DrawTraceOptions {
  missing?: SourceGap[];
  meta?: Partial<TraceMeta>;
  loss?: Partial<TraceLoss>;
  /** Spans in which the main thread of document `d1` was blocked, trace ms. */
  blocked?: [fromMs: number, toMs: number][];
  joinedLate?: boolean;
  seed?: number;
}

/** Wall-clock origin of every drawn trace: 2026-01-01T00:00:00Z. */
export const ORIGIN_EPOCH_MS = 1_767_225_600_000;

/** A trace of the drawn streams, named `s1`, `s2`, … in the order given, all in the top document `d1`. */
export function drawTrace(
  timelines: string | (string | string[] | StreamRecord)[],
  options: DrawTraceOptions = {},
): Trace {
  const trace = createTrace({
    originEpochMs: ORIGIN_EPOCH_MS,
    recorder: 'lab',
    pageUrl: 'https://app.test/',
    missing: options.missing ?? [],
    ...options.meta,
  });
  Object.assign(trace.loss, options.loss);
  trace.documents.push({
    id: 'd1',
    url: 'https://app.test/',
    isTop: true,
    joinedLate: options.joinedLate ?? false,
    tappedAtMs: 0,
    blocked: {
      startMs: (options.blocked ?? []).map(([from]) => from),
      durationMs: (options.blocked ?? []).map(([from, to]) => to - from),
    },
  });
  const list = typeof timelines === 'string' ? [timelines] : timelines;
  list.forEach((one, index) => {
    const drawn =
      typeof one === 'string' || Array.isArray(one)
        ? drawStream(one, { id: `s${index + 1}`, seed: (options.seed ?? 1) + index })
        : one;
    trace.streams.push(drawn);
  });
  trace.streams.sort((a, b) => a.timing.startedAtMs - b.timing.startedAtMs);
  return trace;
}

/** A small seeded generator (mulberry32): the same seed gives the same numbers in [0, 1) everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const KINDS: readonly string[] = ['fetch', 'xhr', 'eventsource', 'websocket', 'document', 'other'];
const CONFIDENCE: Record<string, ConfidenceCode> = Confidence;
const OPCODES: Record<string, number> = Opcode;
const encoder = new TextEncoder();

class Pen {
  private stream: StreamRecord | null = null;
  private nowMs = 0;
  private number = 0;
  private lastDeliveryMs: number | null = null;
  private confidence: ConfidenceCode = Confidence.arrived;
  private readonly id: string;
  private readonly random: () => number;

  constructor(options: DrawStreamOptions) {
    this.id = options.id ?? 's1';
    this.random = seeded(options.seed ?? 1);
  }

  step(step: string): void {
    const match = /^(?:(\+?)([\d.]+)(ms|s)?(?:x(\d+))?(?:\s+|$))?(.*)$/s.exec(step);
    const [, plus, amount, unit, times] = match as RegExpExecArray;
    let rest = (match as RegExpExecArray)[5] ?? '';
    let jitterMs = 0;
    this.confidence = Confidence.arrived;
    for (;;) {
      const modifier = /^(?:~([\d.]+)|(queued|uncertain|bounded))\s+/.exec(rest);
      if (!modifier) break;
      if (modifier[1] !== undefined) jitterMs = Number(modifier[1]);
      if (modifier[2] !== undefined) this.confidence = CONFIDENCE[modifier[2]]!;
      rest = rest.slice(modifier[0].length);
    }
    const verb = /^\S*/.exec(rest)![0];
    const tail = rest.slice(verb.length).replace(/^\s/, '');
    const stepMs = amount === undefined ? 0 : Number(amount) * (unit === 's' ? 1000 : 1);
    let baseMs = this.nowMs;
    for (let i = 0; i < Number(times ?? 1); i++) {
      baseMs = amount !== undefined && plus === '' ? stepMs : baseMs + stepMs;
      const moved = jitterMs === 0 ? baseMs : baseMs + (this.random() * 2 - 1) * jitterMs;
      this.nowMs = Math.max(this.nowMs, moved);
      if (amount !== undefined && plus === '' && jitterMs === 0) this.nowMs = baseMs;
      this.act(verb, tail, step);
    }
  }

  finish(): StreamRecord {
    return this.record();
  }

  private record(): StreamRecord {
    this.stream ??= this.ask('GET https://api.test/stream');
    return this.stream;
  }

  private act(word: string, tail: string, step: string): void {
    const [verb = '', count] = word.split('*');
    const many = count === undefined ? 1 : Number(count);
    if (verb === 'ask') {
      this.stream = this.ask(tail);
      return;
    }
    const stream = this.record();
    switch (verb) {
      case 'sent':
        stream.timing.sentAtMs = this.nowMs;
        break;
      case 'headers':
        this.headers(tail);
        break;
      case 'byte':
        stream.timing.firstByteAtMs = this.nowMs;
        break;
      case 'data':
        this.deliver(tail, many, null);
        break;
      case 'event': {
        const [name = '', ...text] = tail.split(' ');
        this.deliver(text.join(' '), many, name);
        break;
      }
      case 'beat':
        if (stream.kind === 'websocket') this.message(Direction.received, Opcode.ping, tail, null);
        else this.chunkText(`: ${tail || 'ping'}\n\n`);
        break;
      case 'raw':
        this.chunkText(
          tail.replace(/\\([nr\\])/g, (_, c: string) => (c === 'n' ? '\n' : c === 'r' ? '\r' : '\\')),
        );
        break;
      case 'bytes':
        this.chunk(Number(tail), null);
        break;
      case 'send':
        this.number++;
        this.message(Direction.sent, Opcode.text, this.fill(tail), null);
        break;
      case 'frame': {
        const [opcode = 'text', ...text] = tail.split(' ');
        this.message(Direction.received, OPCODES[opcode] ?? Number(opcode), text.join(' '), null);
        break;
      }
      case 'body': {
        let text = '';
        for (let i = 0; i < many; i++) text += this.framed(tail, null);
        const response = stream.response;
        if (!response) throw new Error(`draw: body before headers in "${step}"`);
        response.body = { text, byteLength: encoder.encode(text).length, truncated: false };
        break;
      }
      case 'phases':
        stream.timing.phases = {
          blockedMs: null,
          dnsMs: null,
          connectMs: null,
          sslMs: null,
          sendMs: null,
          waitMs: null,
          receiveMs: null,
          ...Object.fromEntries(
            tail.split(/\s+/).map((pair) => {
              const [name = '', value = ''] = pair.split('=');
              return [`${name}Ms`, Number(value)];
            }),
          ),
        };
        break;
      case 'loss':
        stream.losses.push(tail as StreamLoss);
        break;
      case 'end':
        this.end({ kind: 'complete', ...(stream.kind === 'websocket' ? { wasClean: true } : {}) });
        break;
      case 'error':
      case 'abort':
      case 'refused': {
        const [first = '', ...others] = tail.split(' ');
        const isNet = first.startsWith('net::');
        this.end({
          kind: verb === 'abort' ? 'aborted' : verb,
          netError: isNet ? first : null,
          message: (isNet ? others.join(' ') : tail) || null,
        });
        break;
      }
      case 'close': {
        const [code = '1000', ...reason] = tail.split(' ');
        const clean = code !== '1006';
        this.end({
          kind: clean ? 'complete' : 'error',
          closeCode: Number(code),
          closeReason: reason.join(' '),
          wasClean: clean,
        });
        break;
      }
      default:
        throw new Error(`draw: no verb "${verb}" in "${step}"`);
    }
  }

  private ask(tail: string): StreamRecord {
    const [line = '', ...options] = tail.split(' / ');
    const words = line.trim().split(/\s+/);
    const kind = (KINDS.includes(words[0] ?? '') ? words.shift() : 'fetch') as StreamKind;
    const url = words.pop() ?? 'https://api.test/stream';
    const stream = createStream({
      id: this.id,
      kind,
      method: words[0] ?? 'GET',
      url,
      startedAtMs: this.nowMs,
      documentId: 'd1',
    });
    stream.seenBy = { tap: true, network: true, har: false };
    stream.request.headersComplete = true;
    if (kind === 'fetch') stream.request.hasAbortSignal = true;
    if (kind !== 'websocket') stream.request.credentials = 'same-origin';
    for (const option of options) {
      const header = headerOf(option);
      if (header) {
        stream.request.headers.push(header);
        continue;
      }
      const [name, value] = pairOf(option);
      if (name === 'body') stream.request.body = { text: value, byteLength: value.length, truncated: false };
      else if (name === 'credentials') stream.request.credentials = value as 'omit';
      else if (name === 'mode') stream.request.mode = value;
      else if (name === 'document') stream.documentId = value || null;
      else if (name === 'object') stream.objectId = value;
      else if (name === 'protocol') stream.request.protocols.push(value);
      else if (name === 'signal') stream.request.hasAbortSignal = true;
      else if (name === 'nosignal') stream.request.hasAbortSignal = false;
      else if (name === 'partial') stream.request.headersComplete = false;
      else if (name === 'seen') stream.seenBy = seenBy(value);
      else throw new Error(`draw: ask has no option "${option}"`);
    }
    return stream;
  }

  private headers(tail: string): void {
    const stream = this.record();
    const [line = '', ...options] = tail.split(' / ');
    const [status = '200', ...type] = line.trim().split(/\s+/);
    const headers: Header[] = type.length > 0 ? [['content-type', type.join(' ')]] : [];
    stream.timing.headersAtMs = this.nowMs;
    stream.response = {
      status: Number(status),
      statusText: '',
      headers,
      headersComplete: true,
      type: 'basic',
      url: stream.request.url,
      redirected: false,
      protocol: stream.kind === 'websocket' ? 'ws' : 'h2',
      remoteAddress: null,
      connectionId: null,
      fromCache: false,
      fromServiceWorker: false,
      body: null,
      refusedCookies: [],
    };
    for (const option of options) {
      const header = headerOf(option);
      if (header) {
        headers.push(header);
        continue;
      }
      const [name, value] = pairOf(option);
      const response = stream.response;
      if (name === 'protocol') response.protocol = value || null;
      else if (name === 'type') response.type = value;
      else if (name === 'url') {
        response.url = value;
        response.redirected = true;
      } else if (name === 'cached') response.fromCache = true;
      else if (name === 'worker') response.fromServiceWorker = true;
      else if (name === 'partial') response.headersComplete = false;
      else if (name === 'connection') response.connectionId = value;
      else if (name === 'address') response.remoteAddress = value;
      else throw new Error(`draw: headers has no option "${option}"`);
    }
  }

  private deliver(text: string, many: number, name: string | null): void {
    const kind = this.record().kind;
    if (kind === 'eventsource' || kind === 'websocket') {
      for (let i = 0; i < many; i++) {
        this.number++;
        const eventName = kind === 'eventsource' ? (name ?? 'message') : null;
        this.message(Direction.received, Opcode.text, this.fill(text), eventName);
      }
      return;
    }
    let body = '';
    for (let i = 0; i < many; i++) body += this.framed(text, name);
    this.chunkText(body);
  }

  /** One event as the content type frames it. */
  private framed(text: string, name: string | null): string {
    this.number++;
    const filled = this.fill(text);
    const type = this.record().response?.headers.find(([header]) => header === 'content-type')?.[1] ?? '';
    if (type.startsWith('text/event-stream'))
      return `${name === null ? '' : `event: ${name}\n`}data: ${filled}\n\n`;
    if (/ndjson|jsonl|json-lines/.test(type)) return `${filled}\n`;
    if (type.includes('json-seq')) return `\x1e${filled}\n`;
    return filled;
  }

  private fill(text: string): string {
    return text.replace(
      /\{(n|t|pad|at|sec|iso)(?: ([\d.]+)(?:\+([\d.]+))?)?\}/g,
      (_, word: string, a = '0', b = '0') => {
        if (word === 'n') return String(this.number);
        if (word === 't') return String(this.nowMs);
        if (word === 'pad') return 'x'.repeat(Number(a));
        const epochMs = ORIGIN_EPOCH_MS + Number(a) + Number(b) * (this.number - 1);
        if (word === 'at') return String(epochMs);
        return word === 'sec' ? String(epochMs / 1000) : new Date(epochMs).toISOString();
      },
    );
  }

  private chunkText(text: string): void {
    const bytes = encoder.encode(text);
    this.chunk(bytes.length, bytes);
  }

  private chunk(byteLength: number, payload: Uint8Array | null): void {
    const { chunks, timing } = this.record();
    const since = this.lastDeliveryMs ?? timing.headersAtMs ?? timing.startedAtMs;
    chunks.atMs.push(this.nowMs);
    chunks.byteLength.push(byteLength);
    chunks.waitedMs.push(this.confidence === Confidence.queued ? 0 : Math.max(0, this.nowMs - since));
    chunks.confidence.push(this.confidence);
    chunks.payload.push(payload);
    this.delivered();
  }

  private message(direction: DirectionCode, opcode: number, text: string, name: string | null): void {
    const { messages } = this.record();
    messages.atMs.push(this.nowMs);
    messages.byteLength.push(encoder.encode(text).length);
    messages.confidence.push(this.confidence);
    messages.direction.push(direction);
    messages.opcode.push(opcode);
    messages.name.push(name);
    messages.lastEventId.push(name === null ? null : '');
    messages.payload.push(opcode === Opcode.binary ? encoder.encode(text) : text);
    this.delivered();
  }

  private delivered(): void {
    this.lastDeliveryMs = this.nowMs;
    if (this.confidence === Confidence.arrived) this.record().timing.firstByteAtMs ??= this.nowMs;
  }

  private end(end: Partial<StreamEnd> & Pick<StreamEnd, 'kind'>): void {
    this.record().end = {
      atMs: this.nowMs,
      netError: null,
      message: null,
      closeCode: null,
      closeReason: null,
      wasClean: null,
      ...end,
    };
  }
}

function headerOf(option: string): Header | null {
  const match = /^([\w-]+): (.*)$/s.exec(option.trim());
  return match ? [match[1]!, match[2]!] : null;
}

function pairOf(option: string): [name: string, value: string] {
  const at = option.indexOf('=');
  return at < 0 ? [option.trim(), ''] : [option.slice(0, at).trim(), option.slice(at + 1).trim()];
}

function seenBy(value: string): StreamRecord['seenBy'] {
  return { tap: value.includes('tap'), network: value.includes('network'), har: value.includes('har') };
}
