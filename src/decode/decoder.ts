import { headerValue } from '../trace/headers';
import type { StreamRecord } from '../trace/types';
import { BodyDecoder } from './body-decoder';
import { EventLog } from './event-log';
import { MessageDecoder } from './message-decoder';
import type { DecodedStream, StreamDecoder } from './types';

/** Where a stream's events are read from. */
type Source = 'messages' | 'chunks' | 'body';

interface Reader {
  update(): void;
}

/**
 * The decoder of `stream`, which may still grow: call `update` after it did. Events come from the messages
 * (EventSource, WebSocket), else from the chunks, else from the whole body as text. Nothing in the stream's content
 * makes it throw.
 */
export function createDecoder(stream: StreamRecord): StreamDecoder {
  return new SourceDecoder(stream);
}

class SourceDecoder implements StreamDecoder {
  readonly #stream: StreamRecord;
  readonly #log: EventLog;
  #source: Source | null = null;
  #columns: object | null = null;
  #seenRecords = 0;
  #contentType: string | null = null;
  #reader: Reader | null = null;
  #generation = 0;

  constructor(stream: StreamRecord) {
    this.#stream = stream;
    this.#log = new EventLog({ speaksEngineIo: /[?&]EIO=\d/.test(stream.request.url) });
    this.update();
  }

  get decoded(): DecodedStream {
    return this.#log.decoded;
  }

  get generation(): number {
    return this.#generation;
  }

  update(): void {
    const stream = this.#stream;
    const source = sourceOf(stream);
    const columns = source === 'messages' ? stream.messages : stream.chunks;
    const contentType = contentTypeOf(stream);
    const mustRestart =
      source !== this.#source ||
      columns !== this.#columns ||
      columns.atMs.length < this.#seenRecords ||
      (source !== 'messages' && contentType !== this.#contentType);
    if (mustRestart || !this.#reader) {
      if (this.#reader) this.#generation++;
      this.#source = source;
      this.#columns = columns;
      this.#contentType = contentType;
      this.#log.restart(source === 'messages' ? messageFormat(stream) : 'none');
      this.#reader =
        source === 'messages'
          ? new MessageDecoder(stream, this.#log)
          : new BodyDecoder(stream, this.#log, { contentType, fromBody: source === 'body' });
    }
    this.#seenRecords = columns.atMs.length;
    this.#reader.update();
  }
}

function sourceOf(stream: StreamRecord): Source {
  const { chunks, messages, response, kind } = stream;
  if (kind === 'websocket') return 'messages';
  const hasPayload = chunks.payload.length > 1 || (chunks.payload[0] ?? null) !== null;
  if (!hasPayload && messages.atMs.length > 0) return 'messages';
  if (!hasPayload && response?.body) return 'body';
  return kind === 'eventsource' && chunks.atMs.length === 0 ? 'messages' : 'chunks';
}

function messageFormat(stream: StreamRecord): 'websocket' | 'sse' {
  return stream.kind === 'websocket' ? 'websocket' : 'sse';
}

function contentTypeOf({ response }: StreamRecord): string | null {
  return response && headerValue(response.headers, 'content-type');
}
