import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Variation } from '../variation.ts';

/** One request as a scenario's application or embedded gateway sees it. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** What follows `/<scenario id>/`, without the query. */
  path: string;
  query: URLSearchParams;
  vary: Variation;
  /** Address of the application itself, for an embedded gateway that goes there. */
  originUrl: string;
  /** `127.0.0.1:port` of the scenario's further applications. */
  backends: string[];
}

export type Handler = (exchange: Exchange) => void | Promise<void>;
export type UpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  context: Pick<Exchange, 'backends'>,
) => void;

/** Waits; false when the other side left meanwhile. */
export function pause(response: ServerResponse, ms: number): Promise<boolean> {
  if (response.destroyed || response.closed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (stillThere: boolean) => {
      clearTimeout(timer);
      response.off('close', gone);
      resolve(stillThere);
    };
    const gone = () => done(false);
    const timer = setTimeout(() => done(true), ms);
    response.on('close', gone);
  });
}

/** The request's body as text, at most a megabyte. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let byteLength = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    byteLength += part.length;
    if (byteLength > 1_000_000) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers = {}): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
