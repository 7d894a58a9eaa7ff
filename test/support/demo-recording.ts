import type { Diagnoser, Diagnosis } from '../../src/diagnose/rule';
import { createDiagnoser } from '../../src/diagnose/run';
import type { RecorderControls, Recording, RecordingState } from '../../src/store/types';
import { createStream, createTrace } from '../../src/trace/create';
import { Confidence, Direction, Opcode, type StreamRecord, type Trace } from '../../src/trace/types';
import { drawTrace, seeded } from './draw';
import { handshake, payload, poll, pollThat, post, socket, UNKNOWN_SESSION, UPGRADED } from './socket-io';

/**
 * Recordings without a browser extension, for looking at the panel and for testing it: frozen ones, and one that goes
 * on by itself.
 */
export type Scene =
  | 'typical'
  | 'live'
  | 'thousand'
  | 'short'
  | 'long'
  | 'late'
  | 'lossy'
  | 'empty'
  | 'healthy'
  | 'hostile'
  | 'socketio'
  | 'jobs'
  | 'sessions';

const KEEP = 'https://stage.example.org';
const API = 'https://api.example.org';

/** Eight to twelve streams as a working day brings them: sick ones and healthy ones side by side. */
const TYPICAL: string[] = [
  // Held back by nginx: the server's own times say so.
  `ask fetch POST ${KEEP}/api/chat / accept: text/event-stream / content-type: application/json / cookie: AWSALB=abc123def / body={"message":"Why is the sky blue?","stream":true} / signal
   12 sent
   3298 headers 200 text/event-stream; charset=utf-8 / server: nginx/1.22.1 / via: 1.1 d1f0.cloudfront.net (CloudFront) / x-amz-cf-id: Zk3a / set-cookie: AWSALB=xyz789; Path=/; Expires=Sat, 28 Nov 2026 00:00:00 GMT / cache-control: no-cache / content-length: 7083 / protocol=h2
   +0x41 ~0 data {"token":"word-{n}","index":{n},"timestamp":{at 237+76},"model":"assistant-large","finish_reason":null,"usage":{"prompt":12,"completion":{n}}}
   +3 end
   phases blocked=2 dns=8 connect=31 ssl=18 send=1 wait=3258 receive=3`,
  `220 ask eventsource GET ${KEEP}/events / accept: text/event-stream
   +38 headers 200 text/event-stream / server: nginx/1.22.1 / cache-control: no-cache, no-transform / protocol=h2
   +60x212 ~30 event update {"id":{n},"state":"running","progress":{n}}`,
  `400 ask fetch POST ${API}/v1/completions / accept: text/event-stream / content-type: application/json / body={"prompt":"Hello","stream":true} / nosignal
   +240 headers 200 text/event-stream / server: gunicorn / cache-control: no-cache / protocol=http/1.1
   +200 data*16 {"choices":[{"delta":{"content":"{pad 180}"}}],"n":{n}}
   +980x5 data*16 {"choices":[{"delta":{"content":"{pad 180}"}}],"n":{n}}
   +20 data [DONE]
   +3 end`,
  `650 ask fetch POST http://localhost:8000/generate / accept: text/event-stream / signal
   +251 headers 200 text/event-stream; charset=utf-8 / server: uvicorn / cache-control: no-cache, no-transform / protocol=http/1.1
   +75x41 ~40 data {"token":"word-{n}","at":{at 890+75}}
   +10 data [DONE]
   +2 end`,
  `900 ask fetch POST ${API}/jobs / accept: text/event-stream / body={"task":"report"} / credentials=omit / signal
   +45 headers 202 application/json / set-cookie: AWSALB=node1; Path=/ / set-cookie: AWSALBCORS=node1; Path=/; SameSite=None; Secure / protocol=h2
   +1 raw {"job_id":"abc123","status":"queued"}
   +1 end`,
  ...[200, 404, 200, 404, 200].map(
    (status, index) => `${1400 + index * 700} ask fetch GET ${API}/jobs/abc123 / credentials=omit / signal
   +${21 + index} headers ${status} application/json / protocol=h2
   +1 raw ${status === 200 ? '{"job_id":"abc123","status":"running"}' : '{"detail":"Job not found"}'}
   +1 end`,
  ),
  `1600 ask websocket GET wss://stage.example.org/prices
   +31 headers 101 / upgrade: websocket / server: nginx/1.22.1 / protocol=ws
   +1 send {"subscribe":["EURUSD","BTCUSD"]}
   +5x1804 ~4 data {"symbol":"EURUSD","bid":1.0{n},"ask":1.1{n},"t":{t}}`,
  `2100 ask websocket GET wss://api.example.org/socket
   +18 refused net::ERR_ABORTED WebSocket connection to 'wss://api.example.org/socket' failed`,
  `2300 ask fetch POST ${API}/v1/report / accept: text/event-stream / signal
   +29004 headers 504 application/json / apigw-requestid: Kq3x / x-amzn-errortype: InternalServerErrorException / protocol=h2
   +1 raw {"message":"Endpoint request timed out"}
   +1 end`,
  `2600 ask eventsource GET ${KEEP}/notifications / accept: text/event-stream
   +21 headers 200 text/event-stream / server: nginx/1.22.1 / cache-control: no-cache / protocol=h2
   +10 event hello {"user":"ada"}
   +3x7 event unread {"count":{n}}
   +14.8s event unread {"count":9}`,
  `3100 ask fetch GET ${KEEP}/api/tail / accept: application/x-ndjson / signal
   +80 headers 200 application/x-ndjson / server: nginx/1.22.1 / protocol=h2
   +130x90 ~90 data {"level":"info","line":{n},"message":"worker finished a task"}
   +40 error net::ERR_HTTP2_PROTOCOL_ERROR TypeError: network error`,
];

/** A client that upgrades and talks, one that stays on polling and loses its session, and a page that is neither. */
function socketIo(): string[] {
  const chat = { url: `${KEEP}/socket.io/`, answer: 'server: nginx/1.22.1 / protocol=h2' };
  const runner = {
    url: 'https://k3v9x2m7qa.us-east-1.awsapprunner.com/socket.io/',
    answer: 'server: envoy / protocol=h2',
  };
  const talk = Array.from({ length: 12 }, (_, index) => {
    const at = 700 + index * 650;
    const tick = `${at + 210} frame text 42["presence",{"user":"ada","typing":${index % 2 === 0}}]`;
    return `${at} send 42${index}["chat",{"index":${index},"text":"Why is the sky blue?"}]
      +${20 + index * 4} frame text 43${index}[{"ok":true,"index":${index}}]
      ${tick}`;
  }).join('\n');
  return [
    handshake(0, 'q1T', { ...chat, pingInterval: 2500, pingTimeout: 2000 }),
    post(40, 'q1T', ['40'], chat),
    poll(42, 'q1T', 30, ['40{"sid":"aZ9"}', '42["hello",{"motd":"Welcome"}]'], chat),
    post(90, 'q1T', ['40/admin,{"token":"none"}'], chat),
    poll(95, 'q1T', 60, ['44/admin,{"message":"not authorised"}'], chat),
    poll(170, 'q1T', 80, ['6'], chat),
    socket(
      180,
      'q1T',
      `${UPGRADED}\n${talk}
      2600 frame text 2 | +2 send 3 | 5100 frame text 2 | +3 send 3 | 7600 frame text 2 | +2 send 3
      8300 frame text 451-["picture",{"name":"sky.png","data":{"_placeholder":true,"num":0}}]
      +1 frame binary \u0089PNG-not-really
      8600 frame text 42{"this":"is no array"}
      +40 send 4299["goodbye"]
      9400 send 41 | +5 close 1005`,
      chat,
    ),
    handshake(300, 'p7', runner),
    post(340, 'p7', ['40'], runner),
    poll(342, 'p7', 40, ['40{"sid":"bX1"}'], runner),
    socket(350, 'p7', '+30 refused', runner),
    ...Array.from({ length: 7 }, (_, index) =>
      poll(400 + index * 620, 'p7', 600, [`42["news",{"n":${index}}]`], runner),
    ),
    ...Array.from({ length: 4 }, (_, index) =>
      post(650 + index * 900, 'p7', [`42${index}["save",{"n":${index}}]`], runner),
    ),
    pollThat(4760, 'p7', UNKNOWN_SESSION, runner),
    handshake(6100, 'p8', runner),
    post(6140, 'p8', ['40'], runner),
    poll(6142, 'p8', 40, ['40{"sid":"cX2"}'], runner),
    socket(6150, 'p8', '+30 refused', runner),
    poll(6200, 'p8', 1900, [`42["news",{"n":8}]`], runner),
    `8150 ask xhr GET ${runner.url}?EIO=4&transport=polling&sid=p8`,
    TYPICAL[1] ?? '',
    TYPICAL[3] ?? '',
  ];
}

/** A job that is done, one that is lost by turns, and one that is still asked about. */
function jobs(): string[] {
  const ask = (
    at: number,
    id: string,
    status: number,
    body: string,
  ) => `${at} ask fetch GET ${API}/jobs/${id} / signal
    +${30 + (at % 23)} headers ${status} application/json / protocol=h2
    +1 raw ${body}
    +1 end`;
  const create = (
    at: number,
    id: string,
  ) => `${at} ask fetch POST ${API}/jobs / body={"task":"report"} / signal
    +60 headers 202 application/json / protocol=h2
    +1 raw {"job_id":"${id}","status":"queued"}
    +1 end`;
  return [
    create(100, 'report-118'),
    ...[0, 0.15, 0.4, 0.62, 0.9, 1].map((progress, index) =>
      ask(
        700 + index * 800,
        'report-118',
        200,
        `{"job_id":"report-118","status":"${progress === 1 ? 'succeeded' : progress === 0 ? 'queued' : 'running'}","progress":${progress}}`,
      ),
    ),
    create(400, 'export-7731'),
    ...[200, 404, 200, 404, 404, 200, 404].map((status, index) =>
      ask(
        900 + index * 700,
        'export-7731',
        status,
        status === 200 ? '{"job_id":"export-7731","status":"running"}' : '{"detail":"Job not found"}',
      ),
    ),
    create(2000, 'index-40a'),
    ...[0, 1, 2].map((index) =>
      ask(2600 + index * 900, 'index-40a', 200, '{"job_id":"index-40a","status":"processing"}'),
    ),
    `5600 ask fetch GET ${API}/jobs/index-40a / signal`,
    TYPICAL[3] ?? '',
  ];
}

/** Hundreds of sessions and jobs with thousands of requests. */
function manySessions(): string[] {
  return Array.from({ length: 150 }, (_, index) => {
    const at = index * 400;
    const place = { url: `${KEEP}/room-${index}/socket.io/` };
    const sid = `s${index}`;
    return [
      handshake(at, sid, place),
      post(at + 40, sid, ['40'], place),
      ...Array.from({ length: 18 }, (_, n) =>
        poll(at + 60 + n * 300, sid, 280, [`42["tick",${n}]`, payload([`42["tock",${n}]`])], place),
      ),
    ];
  }).flat();
}

const MARKUP = '<img src=x onerror=alert(1)><script>alert(2)</script>';

/** Everything a page can put into a recording, as markup. */
const HOSTILE = `ask fetch GET ${KEEP}/${encodeURIComponent(MARKUP)} / x-evil: ${MARKUP} / cookie: ${MARKUP} / signal
  40 headers 200 text/event-stream / server: ${MARKUP} / set-cookie: ${MARKUP}=1
  +10x8 event ${MARKUP.replaceAll(' ', '\u00a0')} {"${MARKUP.replaceAll('"', "'")}":["${MARKUP}",{"__proto__":"x","constructor":1}]}
  +5 error net::ERR_CONNECTION_RESET ${MARKUP}`;

export function sceneTrace(scene: Scene): Trace {
  switch (scene) {
    case 'empty':
      return onStage(drawTrace([]));
    case 'healthy':
      return onStage(drawTrace([TYPICAL[1] ?? '', TYPICAL[3] ?? '']));
    case 'late':
      return onStage(drawTrace(TYPICAL.slice(0, 4), { joinedLate: true }));
    case 'lossy': {
      const trace = onStage(
        drawTrace(TYPICAL, {
          loss: { droppedRecords: 1204, evictedPayloadBytes: 12_000_000, refusedMessages: 2 },
          joinedLate: true,
        }),
      );
      trace.streams[2]?.losses.push('payload-evicted', 'dropped-records');
      trace.streams[3]?.losses.push('late-start');
      trace.streams.push(nativeStream());
      return trace;
    }
    case 'thousand':
      return thousandStreams();
    case 'short':
      return longStream(200);
    case 'long':
      return longStream(20_000);
    case 'hostile':
      return onStage(drawTrace(HOSTILE));
    case 'socketio':
      return onStage(drawTrace(socketIo()));
    case 'jobs':
      return onStage(drawTrace(jobs()));
    case 'sessions':
      return onStage(drawTrace(manySessions()));
    case 'typical':
    case 'live':
      return onStage(drawTrace(TYPICAL));
  }
}

/** The page that asked is the staging application itself. */
function onStage(trace: Trace): Trace {
  trace.meta.pageUrl = `${KEEP}/app`;
  for (const document of trace.documents) document.url = `${KEEP}/app`;
  return trace;
}

function nativeStream(): StreamRecord {
  const stream = createStream({ id: 'native', kind: 'fetch', url: `${KEEP}/module.wasm`, startedAtMs: 4000 });
  stream.losses.push('consumed-natively');
  stream.end = {
    atMs: 4200,
    kind: 'complete',
    netError: null,
    message: null,
    closeCode: null,
    closeReason: null,
    wasClean: null,
  };
  return stream;
}

function thousandStreams(): Trace {
  const random = seeded(7);
  return drawTrace([
    TYPICAL[10] ?? '',
    ...Array.from({ length: 1000 }, (_, index) => {
      const start = Math.round(index * 35);
      const host = index % 3 === 0 ? API : KEEP;
      if (index % 7 === 0) {
        return `${start} ask fetch GET ${host}/api/items/${index} / signal\n+${20 + Math.round(random() * 200)} headers ${index % 21 === 0 ? 503 : 200} application/json\n+1 raw {"ok":true}\n+1 end`;
      }
      return `${start} ask fetch POST ${host}/api/chat/${index} / accept: text/event-stream / signal
        +${40 + Math.round(random() * 300)} headers 200 text/event-stream / cache-control: no-cache
        +${20 + Math.round(random() * 60)}x${5 + Math.round(random() * 20)} ~10 data {"token":"word-{n}"}
        +2 data [DONE]\n+1 end`;
    }),
  ]);
}

/** One stream of very many events, with a silence in the middle. */
function longStream(events: number): Trace {
  const trace = createTrace({ originEpochMs: 1_767_225_600_000, recorder: 'lab', pageUrl: `${KEEP}/app` });
  trace.documents.push({
    id: 'd1',
    url: `${KEEP}/app`,
    isTop: true,
    joinedLate: false,
    tappedAtMs: 0,
    blocked: { startMs: [], durationMs: [] },
  });
  const stream = createStream({
    id: 's1',
    kind: 'websocket',
    url: 'wss://stage.example.org/ticks',
    startedAtMs: 10,
    documentId: 'd1',
  });
  stream.seenBy.tap = true;
  trace.streams.push(stream);
  const random = seeded(3);
  let atMs = 60;
  for (let index = 0; index < events; index += 1) {
    atMs += index === events / 2 ? 9000 : random() * 6;
    pushMessage(
      stream,
      atMs,
      `{"n":${index},"price":${(100 + random()).toFixed(4)},"size":${Math.round(random() * 500)}}`,
    );
  }
  return trace;
}

function pushMessage(stream: StreamRecord, atMs: number, text: string): void {
  const { messages } = stream;
  messages.atMs.push(atMs);
  messages.byteLength.push(text.length);
  messages.confidence.push(Confidence.arrived);
  messages.direction.push(Direction.received);
  messages.opcode.push(Opcode.text);
  messages.name.push(stream.kind === 'eventsource' ? 'tick' : null);
  messages.lastEventId.push(stream.kind === 'eventsource' ? '' : null);
  messages.payload.push(text);
}

/** A recording over any trace; `grow` adds to its open streams, as a page would. */
export class DemoRecording implements Recording, RecorderControls {
  trace: Trace;
  diagnoser: Diagnoser;
  diagnosis: Diagnosis;
  state: RecordingState = 'recording';
  revision = 0;
  reloads = 0;
  preserveLog = false;
  #listeners = new Set<(changed: ReadonlySet<string>) => void>();
  #nowMs: number;

  constructor(readonly scene: Scene) {
    this.trace = sceneTrace(scene);
    this.#nowMs = lastMs(this.trace);
    this.diagnoser = createDiagnoser(this.trace);
    this.diagnosis = this.diagnoser.update({ nowMs: this.#nowMs });
  }

  nowMs(): number {
    return this.#nowMs;
  }

  subscribe(listener: (changed: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lets `ms` pass; every open WebSocket or EventSource gets `perStream` messages in that time. */
  grow(ms: number, perStream: number): void {
    const changed = new Set<string>();
    for (const stream of this.trace.streams) {
      if (stream.end || (stream.kind !== 'websocket' && stream.kind !== 'eventsource')) continue;
      for (let index = 1; index <= perStream; index += 1) {
        pushMessage(
          stream,
          this.#nowMs + (ms * index) / perStream,
          `{"live":${stream.messages.atMs.length}}`,
        );
      }
      changed.add(stream.id);
    }
    this.#nowMs += ms;
    this.#tell(changed);
  }

  /** Another stream begins, and ends at once. */
  addStream(): void {
    const stream = createStream({
      id: `added-${this.trace.streams.length}`,
      kind: 'fetch',
      url: `${KEEP}/api/added/${this.trace.streams.length}`,
      startedAtMs: this.#nowMs,
      documentId: this.trace.documents[0]?.id ?? null,
    });
    this.trace.streams.push(stream);
    this.#tell(new Set([stream.id]));
  }

  sceneOf(scene: Scene): Trace {
    return sceneTrace(scene);
  }

  pause(): void {
    this.state = 'paused';
    this.#tell(new Set());
  }

  resume(): void {
    this.state = 'recording';
    this.#tell(new Set());
  }

  clear(): void {
    this.open(drawTrace([]));
  }

  reload(): void {
    this.reloads += 1;
    this.open(sceneTrace(this.scene));
  }

  open(trace: Trace): void {
    this.trace = trace;
    this.#nowMs = lastMs(trace);
    this.diagnoser = createDiagnoser(trace);
    this.#tell(null);
  }

  openDashboard(): void {
    // The demo has no second page; the button is there to be seen.
  }

  setPreserveLog(on: boolean): void {
    this.preserveLog = on;
  }

  /** @param changed the streams that moved; null when everything did */
  #tell(changed: ReadonlySet<string> | null): void {
    this.revision += 1;
    this.diagnosis = this.diagnoser.update({ ...(changed ? { changed } : {}), nowMs: this.#nowMs });
    for (const listener of this.#listeners) listener(changed ?? new Set());
  }
}

function lastMs(trace: Trace): number {
  return trace.streams.reduce(
    (last, stream) =>
      Math.max(last, stream.end?.atMs ?? 0, stream.chunks.atMs.at(-1) ?? 0, stream.messages.atMs.at(-1) ?? 0),
    1,
  );
}
