import { encodeBase64 } from '../../src/lib/base64';
import { encodeUtf8 } from '../../src/lib/text';
import { createStream } from '../../src/trace/create';
import type { Header, StreamRecord, Trace } from '../../src/trace/types';
import { addChunk, addMessage, chunkedStream } from './chunked-stream';
import { seeded } from './draw';
import { richTrace } from './rich-trace';

const random = seeded(20);
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const some = (length: number, of = LETTERS) =>
  Array.from({ length }, () => of[Math.floor(random() * of.length)]).join('');
const hex = (length: number) => some(length, '0123456789abcdef');

/** Secrets that are known by their shape, wherever they stand. */
const SHAPED: Record<string, () => string> = {
  jwt: () => `eyJhbGciOiJIUzI1NiJ9.${some(40)}.${some(43)}`,
  openai: () => `sk-proj-${some(40)}`,
  stripe: () => `sk_live_${some(24)}`,
  webhook: () => `whsec_${some(32)}`,
  aws: () => `AKIA${some(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}`,
  google: () => `AIza${some(35)}`,
  github: () => `ghp_${some(36)}`,
  gitlab: () => `glpat-${some(20)}`,
  slack: () => `xoxb-${some(12, '0123456789')}-${some(24)}`,
  sendgrid: () => `SG.${some(22)}.${some(43)}`,
  telegram: () => `${some(9, '123456789')}:AA${some(33)}`,
  privateKey: () => `-----BEGIN PRIVATE KEY-----\n${some(64)}\n${some(64)}\n-----END PRIVATE KEY-----`,
};

/** Secrets that only a name beside them gives away. */
const NAMED: Record<string, (secret: string) => string> = {
  password: (secret) => JSON.stringify({ user: 'ada', password: secret }),
  accessToken: (secret) => `{"access_token": "${secret}","expires_in":3600}`,
  nested: (secret) => JSON.stringify({ wrapped: JSON.stringify({ client_secret: secret }) }),
  form: (secret) => `grant_type=refresh_token&refresh_token=${secret}&x=1`,
  bearer: (secret) => `sent with Authorization: Bearer ${secret}`,
  settings: (secret) => `OPENAI_API_KEY=${secret}`,
  xml: (secret) => `<login><password>${secret}</password></login>`,
  databaseUrl: (secret) => `postgres://app:${secret}@db.internal:5432/app`,
};

export interface Planted {
  kind: string;
  secret: string;
}

/** A trace with 200 secrets of 20 kinds in every place that can hold one, and what they are. */
export function plantedTrace(): { trace: Trace; planted: Planted[] } {
  const trace = richTrace();
  const planted: Planted[] = [];
  const kinds = [
    ...Object.entries(SHAPED).map(([kind, make]) => ({
      kind,
      make,
      wrap: (secret: string) => `see ${secret} here`,
    })),
    // A mark of its own in each, so that no two are equal; with a quote now and then, as passwords have.
    ...Object.entries(NAMED).map(([kind, wrap]) => ({ kind, make: () => `${hex(6)}-Pw7.${some(10)}`, wrap })),
  ];
  for (const { kind, make, wrap } of kinds) {
    PLACES.forEach((place, index) => {
      const secret = make();
      planted.push({ kind: `${kind} in ${place.name}`, secret });
      place(trace, wrap(secret), secret, `${kind}${index}`);
    });
  }
  return { trace, planted };
}

type Place = (trace: Trace, text: string, secret: string, id: string) => void;

function added(trace: Trace, stream: StreamRecord, id: string): StreamRecord {
  stream.id = id;
  trace.streams.push(stream);
  return stream;
}

/** Ten places; a secret with line breaks stands in headers and addresses as they would carry it. */
const PLACES: Place[] = [
  function requestHeaderAndEcho(trace, text, secret, id) {
    const value = oneLine(secret);
    const headers: Header[] = [
      ['Authorization', `Bearer ${value}`],
      ['Cookie', `theme=dark; sid=${encodeURIComponent(value)}`],
      ['X-Note', oneLine(text)],
    ];
    // The server says it again, under no name at all.
    const stream = added(
      trace,
      chunkedStream([
        `data: hello ${value}, and in base64 `,
        `${encodeBase64(encodeUtf8(`ab${value}z`))}\n\n`,
      ]),
      id,
    );
    stream.request.headers = headers;
  },
  function responseHeader(trace, text, secret, id) {
    const stream = added(trace, chunkedStream(['data: x\n\n']), id);
    stream.response!.headers.push(
      ['Set-Cookie', `AWSALB=${encodeURIComponent(secret)}; Path=/; Secure`],
      ['X-Api-Key', oneLine(secret)],
      ['X-Debug', oneLine(text)],
      [
        'Location',
        `https://app.example/next?code=${encodeURIComponent(secret)}#access_token=${encodeURIComponent(secret)}`,
      ],
    );
  },
  function address(trace, _text, secret, id) {
    const value = encodeURIComponent(secret);
    const stream = added(trace, chunkedStream(['data: x\n\n']), id);
    stream.request.url = `https://user:${value}@app.example/chat?api_key=${value}&page=2`;
    stream.response!.url = stream.request.url;
    stream.request.headers.push(['Referer', `https://app.example/?token=${value}`]);
  },
  function requestBody(trace, text, _secret, id) {
    const stream = added(trace, chunkedStream(['data: x\n\n']), id);
    stream.request.body = { text, byteLength: encodeUtf8(text).length, truncated: false };
  },
  function responseBody(trace, text, _secret, id) {
    const stream = added(trace, chunkedStream([]), id);
    stream.response!.body = { text, byteLength: encodeUtf8(text).length, truncated: false };
  },
  function splitAcrossChunks(trace, text, _secret, id) {
    const bytes = encodeUtf8(`data: ${text}\n\n`);
    const cuts = [0, Math.floor(bytes.length / 3), Math.floor(bytes.length / 2), bytes.length];
    const stream = added(trace, chunkedStream([]), id);
    cuts.slice(1).forEach((cut, index) => {
      addChunk(stream, bytes.slice(cuts[index], cut));
    });
  },
  function bytesThatAreNoText(trace, text, _secret, id) {
    const stream = added(
      trace,
      chunkedStream([Uint8Array.of(0xff, 0xfe)], { contentType: 'application/octet-stream' }),
      id,
    );
    addChunk(stream, text);
  },
  function serverSentEvent(trace, text, _secret, id) {
    const stream = createStream({
      id,
      kind: 'eventsource',
      url: 'https://app.example/events',
      startedAtMs: 1000,
    });
    trace.streams.push(stream);
    addMessage(stream, text, { name: 'message', id: '' });
  },
  function webSocket(trace, text, secret, id) {
    const stream = createStream({ id, kind: 'websocket', url: 'wss://app.example/live', startedAtMs: 1000 });
    trace.streams.push(stream);
    stream.request.protocols = ['bearer', oneLine(secret)];
    addMessage(stream, text, { sent: true });
    addMessage(stream, encodeUtf8(`\u0001${text}`));
    stream.end = {
      atMs: 2000,
      kind: 'complete',
      netError: null,
      message: text,
      closeCode: 4001,
      closeReason: text,
      wasClean: true,
    };
  },
  function encodedText(trace, text, _secret, id) {
    // Within JSON: as base64, and percent-encoded.
    const body = JSON.stringify({ blob: encodeBase64(encodeUtf8(text)), query: encodeURIComponent(text) });
    added(trace, chunkedStream([`data: ${body}\n\n`]), id);
    trace.documents[0]!.url = `https://app.example/?text=${encodeURIComponent(text)}`;
    trace.meta.note = text;
  },
];

function oneLine(text: string): string {
  return text.replace(/\n/g, ' ');
}
