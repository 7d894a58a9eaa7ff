import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { sendJson } from './exchange.ts';

/** A job runs for so many looks at it. */
const LOOKS_UNTIL_DONE = 3;

/** Jobs in the memory of one process, as small services keep them. */
export class Jobs {
  readonly #looks = new Map<string, number>();

  /** POST makes a job; GET `…/<job id>` looks at one: 404 when this process never heard of it. */
  answer(
    request: IncomingMessage,
    response: ServerResponse,
    options: { forgetsWhenDone?: boolean } = {},
  ): void {
    if (request.method === 'POST') this.#create(response);
    else this.#look(request, response, options.forgetsWhenDone ?? false);
  }

  #create(response: ServerResponse): void {
    const id = randomUUID();
    this.#looks.set(id, 0);
    sendJson(response, 202, { job_id: id, status: 'running' });
  }

  #look(request: IncomingMessage, response: ServerResponse, forgetsWhenDone: boolean): void {
    const id = new URL(request.url ?? '/', 'http://lab').pathname.split('/').at(-1) ?? '';
    const seen = this.#looks.get(id);
    if (seen === undefined) {
      sendJson(response, 404, { detail: 'Job not found' });
      return;
    }
    const looks = seen + 1;
    const isDone = looks >= LOOKS_UNTIL_DONE;
    if (isDone && forgetsWhenDone) this.#looks.delete(id);
    else this.#looks.set(id, looks);
    const progress = Math.min(1, looks / LOOKS_UNTIL_DONE);
    sendJson(response, 200, { job_id: id, status: isDone ? 'done' : 'running', progress });
  }
}

/** One such process: what it knows, its neighbour does not. It allows credentialed calls from every page. */
export function jobServer(): Server {
  const jobs = new Jobs();
  return createServer((request, response) => {
    const { origin } = request.headers;
    if (origin) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('vary', 'Origin');
    }
    if (request.method === 'OPTIONS') {
      response.setHeader('access-control-allow-headers', 'content-type');
      response.writeHead(204).end();
      return;
    }
    jobs.answer(request, response);
  });
}
