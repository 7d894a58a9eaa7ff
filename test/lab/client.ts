import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Lab } from './lab.ts';

export interface Observation {
  status: number;
  headers: IncomingHttpHeaders;
  /** When the headers came, from the request's start. */
  headersMs: number;
  /** Pieces of the body as they came, compressed if it was. */
  pieces: { ms: number; byteLength: number }[];
  text: string;
  /** When it was over, one way or the other. */
  endMs: number;
  /** Node's code or message of the break, null after a clean end. */
  error: string | null;
}

export interface ObserveOptions {
  method?: string;
  body?: string;
  headers?: Record<string, string>;
  /** Speak HTTP/2 (https only). */
  http2?: boolean;
  /** Leaves after so long; what came until then is the observation. */
  stopAfterMs?: number;
}

/** Calls an address of the lab without a browser, and notes what came when. */
export function observe(lab: Lab, address: string, options: ObserveOptions = {}): Promise<Observation> {
  return options.http2 ? observeHttp2(lab, address, options) : observeHttp1(lab, address, options);
}

function observeHttp1(lab: Lab, address: string, options: ObserveOptions): Promise<Observation> {
  const url = new URL(address);
  const startMs = performance.now();
  const isTls = url.protocol === 'https:';
  return new Promise((resolve) => {
    const seen = emptyObservation();
    const finish = (error: string | null) => {
      clearTimeout(timer);
      resolve({ ...seen, error, endMs: performance.now() - startMs });
    };
    const timer = options.stopAfterMs ? setTimeout(() => request.destroy(), options.stopAfterMs) : undefined;
    const request = (isTls ? httpsRequest : httpRequest)(
      {
        host: '127.0.0.1',
        port: url.port,
        path: url.pathname + url.search,
        method: options.method ?? 'GET',
        headers: { host: url.host, ...options.headers },
        agent: false,
        ...(isTls ? { ca: lab.certificate.cert, servername: url.hostname } : {}),
      },
      (response) => {
        seen.status = response.statusCode ?? 0;
        seen.headers = response.headers;
        seen.headersMs = performance.now() - startMs;
        collect(response, seen, startMs, finish);
      },
    );
    request.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    request.end(options.body);
  });
}

function observeHttp2(lab: Lab, address: string, options: ObserveOptions): Promise<Observation> {
  const url = new URL(address);
  const startMs = performance.now();
  return new Promise((resolve) => {
    const seen = emptyObservation();
    const session = http2Connect(`https://127.0.0.1:${url.port}`, {
      ca: lab.certificate.cert,
      servername: url.hostname,
    });
    const finish = (error: string | null) => {
      session.destroy();
      resolve({ ...seen, error, endMs: performance.now() - startMs });
    };
    session.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    const stream = session.request({
      ':method': options.method ?? 'GET',
      ':path': url.pathname + url.search,
      ':authority': url.host,
      ...options.headers,
    });
    stream.on('response', (headers) => {
      seen.status = headers[':status'] ?? 0;
      seen.headers = headers as IncomingHttpHeaders;
      seen.headersMs = performance.now() - startMs;
    });
    collect(stream, seen, startMs, finish);
    stream.end(options.body);
  });
}

const emptyObservation = () => ({
  status: 0,
  headers: {} as IncomingHttpHeaders,
  headersMs: Number.NaN,
  pieces: [] as Observation['pieces'],
  text: '',
});

function collect(
  body: Readable,
  seen: ReturnType<typeof emptyObservation>,
  startMs: number,
  finish: (error: string | null) => void,
): void {
  const parts: Buffer[] = [];
  let broken: string | null = null;
  body.on('data', (part: Buffer) => {
    parts.push(part);
    seen.pieces.push({ ms: performance.now() - startMs, byteLength: part.length });
  });
  body.on('error', (error: NodeJS.ErrnoException) => {
    broken = error.code ?? error.message;
  });
  body.on('close', async () => {
    const whole = Buffer.concat(parts);
    seen.text = seen.headers['content-encoding'] === 'gzip' ? await gunzip(whole) : whole.toString('utf8');
    finish(broken);
  });
}

/** Decompresses what there is; a cut body gives what came before the cut. */
function gunzip(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const gunzipper = createGunzip();
    let text = '';
    gunzipper.setEncoding('utf8');
    gunzipper.on('data', (part: string) => {
      text += part;
    });
    gunzipper.on('close', () => resolve(text));
    gunzipper.on('error', () => resolve(text));
    gunzipper.end(bytes);
  });
}

/** Events of an event-stream text. */
export const eventsOf = (text: string): string[] =>
  text.split('\n\n').filter((block) => /^(data|event|id):/m.test(block));

/** Times at which new pieces came after a pause of at least `pauseMs`, with what each such burst brought. */
export function burstsOf(
  observation: Observation,
  pauseMs: number,
): { ms: number; byteLength: number; pieces: number }[] {
  const bursts: { ms: number; byteLength: number; pieces: number; lastMs: number }[] = [];
  for (const piece of observation.pieces) {
    const last = bursts.at(-1);
    if (last && piece.ms - last.lastMs < pauseMs) {
      last.byteLength += piece.byteLength;
      last.pieces++;
      last.lastMs = piece.ms;
    } else {
      bursts.push({ ms: piece.ms, byteLength: piece.byteLength, pieces: 1, lastMs: piece.ms });
    }
  }
  return bursts;
}
