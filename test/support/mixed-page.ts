import type { StreamRecord, Trace } from '../../src/trace/types';
import { drawTrace } from './draw';
import { handshake, poll, post, socket, UPGRADED } from './socket-io';

/** A page with a bit of everything, `count` requests long: answers, channels, jobs, cookies, Socket.IO; some of it fails. */
export function drawMixedPage(count: number): Trace {
  const lines: string[] = [];
  for (let n = 0; lines.length < count; n++) {
    const at = n * 2000;
    const api = `https://api${n % 5}.test`;
    const place = { url: `${api}/socket.io/` };
    const end = n % 7 === 3 ? 'error net::ERR_CONNECTION_RESET' : 'end';
    lines.push(
      `${at} ask fetch POST ${api}/chat / body={"stream":true} / origin: https://app.test | +90 headers 200 text/event-stream / server: nginx / set-cookie: AWSALB=x; Path=/ | +30x20 data {"n":{n}} | +3 ${end}`,
      `${at} ask fetch GET ${api}/items/${n} / cookie: AWSALB=x | +50 headers 200 application/json / set-cookie: sid=1; Path=/; SameSite=Lax | +1 raw {"items":[1,2,3],"text":"{pad 400}"} | +1 end`,
      `${at} ask fetch POST ${api}/jobs / cookie: AWSALB=x | +50 headers 200 application/json | +1 raw {"job_id":"job${n}abc12345","status":"queued"} | +1 end`,
      `${at + 500} ask fetch GET ${api}/jobs/job${n}abc12345 / cookie: AWSALB=x | +50 headers ${n % 9 === 5 ? 404 : 200} application/json | +1 raw {"status":"running"} | +1 end`,
      `${at + 900} ask fetch GET ${api}/jobs/job${n}abc12345 / cookie: AWSALB=x | +50 headers 200 application/json | +1 raw {"status":"done"} | +1 end`,
      `${at} ask eventsource GET ${api}/events / object=e${n} | +40 headers 200 text/event-stream / cache-control: no-cache | +100x15 data tick | ${n % 4 === 0 ? '' : '+5 abort'}`,
      handshake(at, `s${n}`, place),
      post(at + 30, `s${n}`, ['40'], place),
      poll(at + 30, `s${n}`, 20, ['40'], place),
      socket(
        at + 40,
        `s${n}`,
        n % 6 === 2
          ? '+30 headers 403 | +1 close 1006'
          : `${UPGRADED} | +50x20 data 42["n",{n}] | +5 send 41 | +1 abort`,
        place,
      ),
    );
  }
  return drawTrace(lines.slice(0, count));
}

/** The trace as it was at `atMs`: what came later is cut off. */
export function traceUntil(whole: Trace, atMs: number): Trace {
  const trace = structuredClone(whole);
  trace.streams = trace.streams.filter(({ timing }) => timing.startedAtMs <= atMs);
  for (const stream of trace.streams) {
    for (const columns of [stream.chunks, stream.messages]) {
      const count = columns.atMs.filter((one) => one <= atMs).length;
      for (const column of Object.values(columns) as unknown[][]) column.length = count;
    }
    if (stream.end && stream.end.atMs > atMs) stream.end = null;
    if ((stream.timing.headersAtMs ?? 0) > atMs) {
      stream.response = null;
      stream.timing.headersAtMs = null;
    }
  }
  return trace;
}

/** Extends `trace` to what `later` has, in place as the live store does. Returns the ids of streams that moved. */
export function growTrace(trace: Trace, later: Trace): Set<string> {
  const moved = new Set<string>();
  for (const [index, source] of later.streams.entries()) {
    const target = trace.streams[index];
    if (!target) {
      trace.streams.push(source);
      moved.add(source.id);
    } else if (growStream(target, source)) moved.add(source.id);
  }
  return moved;
}

function growStream(target: StreamRecord, source: StreamRecord): boolean {
  let hasMoved = false;
  for (const name of ['chunks', 'messages'] as const) {
    for (const [key, column] of Object.entries(source[name])) {
      const own = (target[name] as unknown as Record<string, unknown[]>)[key]!;
      const more = (column as unknown[]).slice(own.length);
      own.push(...more);
      hasMoved ||= more.length > 0;
    }
  }
  if (!target.response && source.response) {
    target.response = source.response;
    target.timing = source.timing;
    hasMoved = true;
  }
  if (!target.end && source.end) {
    target.end = source.end;
    hasMoved = true;
  }
  return hasMoved;
}
