import { type ClientRequest, request as httpRequest } from 'node:http';
import type { Exchange } from '../origin/exchange.ts';

/** Headers that belong to one hop (RFC 9110, 7.6.1) and are never passed on. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer']);

export interface Forwarding {
  /** What the gateway does with a piece of the answer. */
  take(chunk: Buffer): void;
  /** The application finished. */
  end(): void;
  /** The application broke off; the default breaks off towards the browser too. */
  broken?(): void;
}

/** The part all embedded gateways share: the request goes to the application, the answer's pieces to `forwarding`. */
export function forward(exchange: Exchange, forwarding: Forwarding): ClientRequest {
  const { request, response, originUrl } = exchange;
  const headers = Object.fromEntries(
    // `:method` and its like are HTTP/2's, not headers.
    Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.has(name) && !name.startsWith(':')),
  );
  const broken = forwarding.broken ?? (() => response.destroy());
  const upstream = httpRequest(
    originUrl + request.url,
    { method: request.method ?? 'GET', headers },
    (answer) => {
      const passed = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(passed));
      response.flushHeaders();
      answer.on('data', forwarding.take);
      answer.on('end', forwarding.end);
      answer.on('error', broken);
    },
  );
  upstream.on('error', broken);
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
  return upstream;
}
