import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ChatSite {
  /** The application itself: each token goes out as it is made. */
  directUrl: string;
  /** The same behind a gateway that passes nothing on before the answer is whole. */
  bufferedUrl: string;
  close(): Promise<void>;
}

const TOKENS = 20;
const GAP_MS = 75;

const PAGE = `<!doctype html><title>Chat</title><script type="module">
  const control = new AbortController();
  const response = await fetch('/api/chat', {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ message: 'Why is the sky blue?', stream: true }),
    signal: control.signal,
  });
  const reader = response.body.getReader();
  while (!(await reader.read()).done);
</script>`;

/** A chat page whose answer takes its time, once as it is and once behind a gateway that holds it back. */
export async function startChatSite(): Promise<ChatSite> {
  const application = createServer((asked, response) => {
    if (asked.url !== '/api/chat') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(asked.url === '/' ? PAGE : '');
      return;
    }
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
    });
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      response.write(`data: {"token":"word-${sent}","index":${sent}}\n\n`);
      if (sent < TOKENS) return;
      clearInterval(timer);
      response.end('data: [DONE]\n\n');
    }, GAP_MS);
    response.once('close', () => clearInterval(timer));
  });
  const applicationPort = await listen(application);
  const gateway = createServer((asked, response) => {
    const { method, headers, url } = asked;
    const forwarded = request(
      { host: '127.0.0.1', port: applicationPort, method, headers, path: url },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const { 'transfer-encoding': _framing, ...kept } = answer.headers;
          response.writeHead(answer.statusCode ?? 502, { ...kept, server: 'nginx/1.22.1' });
          response.end(Buffer.concat(parts));
        });
      },
    );
    asked.pipe(forwarded);
  });
  const gatewayPort = await listen(gateway);
  return {
    directUrl: `http://127.0.0.1:${applicationPort}/`,
    bufferedUrl: `http://localhost:${gatewayPort}/`,
    close: async () => {
      for (const server of [gateway, application]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    // Without a host: `localhost` may be either of the two loopback addresses.
    server.listen(0, () => resolve((server.address() as AddressInfo).port));
  });
}
