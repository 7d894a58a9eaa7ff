import type { FetchStep, JobStep, Step } from '../scenario.ts';
import type { Arrivals } from './arrivals.ts';
import { runSocketIo } from './socket-io.ts';

/** Does one step as a real page would; what comes in and what goes wrong is told to `arrivals`. Never rejects. */
export async function runStep(step: Step, arrivals: Arrivals, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return;
  try {
    await perform(step, arrivals, stop);
  } catch (error) {
    arrivals.note(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
}

async function perform(step: Step, arrivals: Arrivals, stop: AbortSignal): Promise<void> {
  switch (step.do) {
    case 'fetch':
      return step.leaveAfterMs
        ? Promise.race([runFetch(step, arrivals, stop), wait(step.leaveAfterMs, stop)])
        : runFetch(step, arrivals, stop);
    case 'job':
      return runJob(step, arrivals, stop);
    case 'xhr':
      return runXhr(step, arrivals, stop);
    case 'event-source':
      return runEventSource(step, arrivals, stop);
    case 'web-socket':
      return runWebSocket(step, arrivals, stop);
    case 'socket-io':
      return runSocketIo(step, arrivals, stop);
    case 'wait':
      return wait(step.ms, stop);
    case 'in-turn':
      for (const one of step.steps) await runStep(one, arrivals, stop);
      return;
    case 'together':
      await Promise.all(step.steps.map((one) => runStep(one, arrivals, stop)));
  }
}

function requestOf(call: Pick<FetchStep, 'method' | 'body' | 'accept' | 'credentials'>): RequestInit {
  const headers: Record<string, string> = {};
  if (call.accept) headers.accept = call.accept;
  if (call.body !== undefined) headers['content-type'] = 'application/json';
  return {
    method: call.method ?? 'GET',
    headers,
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.credentials ? { credentials: call.credentials } : {}),
  };
}

async function runFetch(step: FetchStep, arrivals: Arrivals, stop: AbortSignal): Promise<void> {
  const controller = new AbortController();
  stop.addEventListener('abort', () => controller.abort(), { once: true });
  const timer = step.stopAfterMs ? setTimeout(() => controller.abort(), step.stopAfterMs) : undefined;
  try {
    const response = await fetch(step.url, {
      ...requestOf(step),
      ...(step.signal === false ? {} : { signal: controller.signal }),
    });
    arrivals.note(`${response.status} ${response.headers.get('content-type') ?? ''}`);
    await readBody(step, response, arrivals, controller);
    arrivals.note('end');
  } finally {
    clearTimeout(timer);
  }
}

async function readBody(
  step: FetchStep,
  response: Response,
  arrivals: Arrivals,
  controller: AbortController,
): Promise<void> {
  if (!response.body || step.read === 'text') return arrivals.add(await response.text());
  if (step.read === 'json') return arrivals.add(JSON.stringify(await response.json()));
  if (step.read === 'iterate') {
    const decoder = new TextDecoder();
    for await (const chunk of response.body)
      arrivals.add(decoder.decode(chunk, { stream: true }), chunk.byteLength);
    return;
  }
  if (step.read === 'lines') {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      arrivals.add(value);
    }
  }
  const reader = response.body.getReader();
  const isText = /text|json/.test(response.headers.get('content-type') ?? '');
  const decoder = new TextDecoder();
  let events = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const text = isText ? decoder.decode(value, { stream: true }) : '';
    arrivals.add(text, value.byteLength);
    events += text.split('\n\n').length - 1;
    if (step.stopAfterEvents && events >= step.stopAfterEvents) controller.abort();
  }
}

async function runJob(step: JobStep, arrivals: Arrivals, stop: AbortSignal): Promise<void> {
  const credentials = step.credentials ? { credentials: step.credentials } : {};
  const created = await fetch(step.create.url, { ...requestOf(step.create), ...credentials, signal: stop });
  const text = await created.text();
  arrivals.add(text);
  const job = JSON.parse(text) as { job_id: string };
  const url = step.pollUrl.replace('{id}', job.job_id);
  for (let poll = 0; poll < step.polls && !stop.aborted; poll++) {
    await wait(step.everyMs, stop);
    const answer = await fetch(url, { ...credentials, signal: stop });
    const state = await answer.text();
    arrivals.add(`${answer.status} ${state}`);
    if (step.untilDone && state.includes('"done"')) return;
  }
}

function runXhr(step: Step & { do: 'xhr' }, arrivals: Arrivals, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open(step.method ?? 'GET', step.url);
    if (step.withCredentials) xhr.withCredentials = true;
    let seen = 0;
    xhr.onprogress = () => {
      const text = xhr.responseText;
      if (text.length > seen) arrivals.add(text.slice(seen));
      seen = text.length;
    };
    xhr.onerror = () => arrivals.note('XMLHttpRequest error');
    xhr.onloadend = () => {
      arrivals.note(`end, status ${xhr.status}`);
      resolve();
    };
    stop.addEventListener('abort', () => xhr.abort(), { once: true });
    xhr.send();
  });
}

function runEventSource(
  step: Step & { do: 'event-source' },
  arrivals: Arrivals,
  stop: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const source = new EventSource(step.url, step.withCredentials ? { withCredentials: true } : {});
    const { until } = step;
    let count = 0;
    let errors = 0;
    const finish = () => {
      clearTimeout(timer);
      source.close();
      resolve();
    };
    const timer = 'afterMs' in until ? setTimeout(finish, until.afterMs) : undefined;
    const take = (event: MessageEvent<string>) => {
      arrivals.add(`${event.type}: ${event.data}`);
      count++;
      if ('count' in until && count >= until.count) finish();
      if ('event' in until && event.type === until.event) finish();
    };
    source.addEventListener('message', take);
    for (const name of step.events ?? []) source.addEventListener(name, take);
    source.addEventListener('open', () => arrivals.note('open'));
    source.addEventListener('error', () => {
      errors++;
      arrivals.note(source.readyState === EventSource.CLOSED ? 'error: given up' : 'error: will try again');
      const isOver = source.readyState === EventSource.CLOSED && !('afterMs' in until);
      if (isOver || ('errors' in until && errors >= until.errors)) finish();
    });
    stop.addEventListener('abort', finish, { once: true });
  });
}

async function runWebSocket(
  step: Step & { do: 'web-socket' },
  arrivals: Arrivals,
  stop: AbortSignal,
): Promise<void> {
  for (let attempt = 1; attempt <= (step.attempts ?? 1) && !stop.aborted; attempt++) {
    if (attempt > 1) await wait(step.everyMs, stop);
    if (await converse(step, arrivals, stop)) return;
  }
}

/** Resolves true when the socket had opened. */
function converse(
  step: Step & { do: 'web-socket' },
  arrivals: Arrivals,
  stop: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(step.url);
    let opened = false;
    let said = 0;
    const speak = () => {
      if (said < step.say.length) socket.send(step.say[said++] ?? '');
      else socket.close(1000, 'done');
    };
    socket.addEventListener('open', () => {
      opened = true;
      arrivals.note('open');
      speak();
    });
    socket.addEventListener('message', (event: MessageEvent<string>) => {
      arrivals.add(String(event.data));
      setTimeout(() => socket.readyState === WebSocket.OPEN && speak(), step.everyMs);
    });
    socket.addEventListener('error', () => arrivals.note('WebSocket error'));
    socket.addEventListener('close', (event) => {
      arrivals.note(`closed, code ${event.code}`);
      resolve(opened);
    });
    stop.addEventListener('abort', () => socket.close(), { once: true });
  });
}

function wait(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
