import { encodeUtf8 } from '../../src/lib/text';
import { createStream, createTrace } from '../../src/trace/create';
import type { Trace } from '../../src/trace/types';
import { addChunk, addMessage, chunkedStream, endStream } from './chunked-stream';

/** A trace in which every member of the format has a value, and every kind of payload occurs. */
export function richTrace(): Trace {
  const trace = createTrace({
    originEpochMs: 1_772_359_200_000,
    recorder: 'extension',
    recorderVersion: '0.1.0',
    browser: 'Chromium 156',
    pageUrl: 'https://app.example/',
    note: 'staging, second try',
    missing: ['frames'],
  });
  trace.loss.droppedRecords = 3;
  trace.documents.push({
    id: 'd1',
    url: 'https://app.example/',
    isTop: true,
    joinedLate: false,
    tappedAtMs: -12.5,
    blocked: { startMs: [100.25], durationMs: [80] },
  });

  const text = chunkedStream(['data: h', encodeUtf8('é'), '\n\n']);
  text.id = 's1';
  text.documentId = 'd1';
  text.seenBy = { tap: true, network: true, har: false };
  text.request = {
    ...text.request,
    method: 'POST',
    headers: [
      ['Content-Type', 'application/json'],
      ['X-Repeated', 'a'],
      ['X-Repeated', 'b'],
    ],
    headersComplete: true,
    body: { text: '{"stream":true}', byteLength: 15, truncated: false },
    credentials: 'include',
    mode: 'cors',
    hasAbortSignal: false,
    withheldCookies: [{ name: 'AWSALB', reasons: ['SameSiteLax'] }],
  };
  text.response!.refusedCookies = [{ name: 'sid', reasons: ['SecureOnly'] }];
  text.timing.phases = {
    blockedMs: 1,
    dnsMs: null,
    connectMs: null,
    sslMs: null,
    sendMs: 0.25,
    waitMs: 90,
    receiveMs: null,
  };
  text.losses.push('payload-capped');

  const bytes = chunkedStream([Uint8Array.of(0, 255, 10), 'x'], {
    contentType: 'application/octet-stream',
    open: true,
  });
  bytes.id = 's2';
  addChunk(bytes, 'not captured', null);
  addChunk(bytes, 'cut after this', 3);
  addChunk(bytes, '');
  endStream(bytes);
  bytes.end = {
    ...bytes.end!,
    kind: 'error',
    netError: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING',
    message: 'network error',
  };

  const socket = createStream({
    id: 's3',
    kind: 'websocket',
    url: 'wss://app.example/live',
    startedAtMs: 40,
    objectId: 'o1',
  });
  socket.request.protocols = ['graphql-ws'];
  addMessage(socket, 'hello \ud83d', { sent: true });
  addMessage(socket, Uint8Array.of(1, 2, 255));
  addMessage(socket, null);
  socket.end = {
    atMs: 900,
    kind: 'complete',
    netError: null,
    message: null,
    closeCode: 1000,
    closeReason: 'bye',
    wasClean: true,
  };

  const open = createStream({
    id: 's4',
    kind: 'eventsource',
    url: 'https://app.example/events',
    startedAtMs: 50,
  });
  addMessage(open, 'tick', { name: 'message', id: '9' });

  trace.streams.push(text, bytes, socket, open);
  return trace;
}
